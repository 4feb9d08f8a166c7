// A desktop application: a page as its window, a server behind it that speaks Igor's protocol and ends with the window.
//
//   npx tsx examples/desktop/main.ts               clicks through it in a headless Chromium, and prints what it sees
//   npx tsx examples/desktop/main.ts --open 8080   serves it for your own browser, until Quit, Ctrl-C or the end of the page
//   npx tsx examples/desktop/main.ts --pictures docs/images   takes pictures of it meanwhile
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { takePictures } from '../pictures.ts'
import { startApp } from './app.ts'
import { AppWindow, missingBrowser } from './window.ts'

const folder = mkdtempSync(join(tmpdir(), 'desktop-example-'))
const [how, argument] = process.argv.slice(2)
try {
  if (how === '--open') await serveForYou(Number(argument ?? 8080))
  else if (missingBrowser !== undefined) skip(missingBrowser)
  else {
    await quitByTheButton(how === '--pictures' ? argument : undefined)
    await quitByTheWindow()
  }
} finally {
  rmSync(folder, { recursive: true })
}

async function serveForYou(port: number): Promise<void> {
  const app = await startApp({ port, folder, sessionMs: 10_000 })
  console.log(`open ${app.url.replace('127.0.0.1', 'localhost')} in your browser`)
  process.once('SIGINT', app.end).once('SIGTERM', app.end)
  await app.ended
  console.log('the server has ended')
}

async function quitByTheButton(pictures: string | undefined): Promise<void> {
  const app = await startApp({ port: 0, folder, sessionMs: 10_000 })
  const window = await AppWindow.open(app.url)
  const { page } = window
  console.log('the window is open:', await window.sees('#state', 'connected'))

  const counted = await window.seesCounterAbove(2)
  console.log('the process counts:', (await window.seesCounterAbove(counted)) > counted)
  await page.click('#mark')
  console.log('only for this window:', (await window.sees('#marked', 'marked at')).replace(/\d+/, 'n'))

  await page.fill('#name', 'Ada')
  await page.click('#greet')
  console.log('an action:', await window.sees('#greeting', 'Hello'))

  await page.fill('#text', 'Water the plants.\nCall Grace.\n')
  await page.click('#save')
  await window.sees('#saved', 'saved')
  console.log('a file:', JSON.stringify(readFileSync(join(folder, 'notes.txt'), 'utf8')))

  for (const steps of [20, 30, 10_000]) {
    await page.fill('#steps', String(steps))
    await page.click('#start')
  }
  await window.sees('#jobs li:nth-child(2)', '30 steps done')
  if (pictures !== undefined) await takePictures(page, pictures, 'desktop')
  await page.click('#jobs li:nth-child(3) button')
  await window.sees('#jobs li:nth-child(3)', 'stopped')
  const jobs = await Promise.all([1, 2, 3].map((n) => page.locator(`#jobs li:nth-child(${n}) .note`).textContent()))
  console.log('three streams on one socket:', jobs.join(', '))

  await page.reload()
  await window.sees('#state', 'connected again')
  await page.click('#greet')
  console.log(
    'after a reload:',
    await window.sees('#greeting', '(2 in'),
    '|',
    JSON.stringify(await page.inputValue('#text')),
  )

  await page.click('#quit')
  await app.ended
  console.log('Quit was pressed: the server has ended, and the page says', await window.sees('#state', 'ended'))
  await window.close()
}

async function quitByTheWindow(): Promise<void> {
  const app = await startApp({ port: 0, folder, sessionMs: 500 })
  const window = await AppWindow.open(app.url)
  await window.close()
  await app.ended
  console.log('the window was closed: the server has ended too')
}

function skip(reason: string): void {
  console.log(`skipped: ${reason}`)
  if (process.env['CI'] === 'true') process.exitCode = 1
}
