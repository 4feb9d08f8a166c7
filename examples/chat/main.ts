// lexicons' chat: a page in two browser contexts, a program and a client of lexicons, all in one channel. They write, see
// who is here, load the page again; then the server is started anew from what it saved.
//
//   npx tsx examples/chat/main.ts [--serve] [--pictures docs/images]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { takePictures } from '../pictures.ts'
import { printable } from '../printable.ts'
import { BrowserVisit, missingBrowser } from './browser-visit.ts'
import { startChat } from './chat-server.ts'
import { LexiconsProgram } from './lexicons-program.ts'
import { NativeProgram } from './native-program.ts'
import { bundlePage } from './page-bundle.ts'

const { values: options } = parseArgs({ options: { serve: { type: 'boolean' }, pictures: { type: 'string' } } })
const dataDirectory = mkdtempSync(join(tmpdir(), 'isock-chat-data-'))
using page = await bundlePage()
try {
  if (options.serve) await serve()
  else await show()
} finally {
  rmSync(dataDirectory, { recursive: true })
}

/** For looking at it oneself. */
async function serve(): Promise<void> {
  await using chat = await startChat(dataDirectory, page.directory)
  console.log(`open ${chat.url} in two windows; Ctrl+C ends it`)
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve))
}

async function show(): Promise<void> {
  {
    await using chat = await startChat(dataDirectory, page.directory)
    await using linus = await NativeProgram.begin(chat.address, 'linus@example.org')
    await using grete = await LexiconsProgram.begin(chat.url, 'grete@example.org')
    await linus.write('Good morning, from a program over TCP.')
    await grete.hears('Good morning')
    await grete.write('Hello, from a client that speaks lexicons.')
    await linus.hears('Hello')
    if (missingBrowser === undefined) await visit(chat.url, linus, grete)
    else if (process.env['CI'] === 'true') throw new Error(missingBrowser)
    else console.log(`the page was left out: ${missingBrowser}`)
    await grete.refusedSignal()
    await grete.askForList()
  }
  console.log('the server has ended, and is started anew')
  await using chat = await startChat(dataDirectory, page.directory)
  await using linus = await NativeProgram.begin(chat.address, 'linus@example.org', 'Login')
  for (const line of await linus.history()) console.log(`  kept: ${printable(line)}`)
}

async function visit(url: string, linus: NativeProgram, grete: LexiconsProgram): Promise<void> {
  const browser = await BrowserVisit.begin(url)
  try {
    const [ada, bob] = [await browser.visitor('ada@example.org'), await browser.visitor('bob@example.org')]
    await ada.seesMembers(['ada', 'bob', 'grete', 'linus'])
    console.log('page:   ada sees ada, bob, grete and linus')
    await ada.write('Hi from a browser!')
    for (const other of [bob, linus, grete]) await other.hears('Hi from a browser!')
    await bob.write('<b>No</b> HTML gets in here.')
    await ada.hears('<b>No</b> HTML')
    if (options.pictures !== undefined) await takePictures(ada.page, options.pictures, 'chat')
    await bob.close()
    await ada.seesMembers(['ada', 'grete', 'linus'])
    console.log('page:   bob has gone, ada sees ada, grete and linus')
    await ada.reload()
    console.log('page:   ada has loaded the page again, without signing in, and sees')
    for (const line of await ada.lines()) console.log(`          ${printable(line)}`)
  } finally {
    await browser.close()
  }
}
