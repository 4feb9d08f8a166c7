// lexicons' chat: a page in two browser contexts, a program and a client of lexicons, all in one channel. They write, see
// who is here, load the page again; then the server is started anew from what it saved.
//
//   npx tsx examples/chat/main.ts [--serve] [--screenshot docs/images/chat.png]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { printable } from '../printable.ts'
import { BrowserVisit, missingBrowser } from './browser-visit.ts'
import { startChat } from './chat-server.ts'
import { LexiconsProgram } from './lexicons-program.ts'
import { NativeProgram } from './native-program.ts'
import { bundlePage } from './page-bundle.ts'

const { values: options } = parseArgs({ options: { serve: { type: 'boolean' }, screenshot: { type: 'string' } } })
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
    await linus.write('good morning, from a program over TCP')
    await grete.hears('good morning')
    await grete.write('hello, from a client that speaks lexicons')
    await linus.hears('hello')
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
    await ada.write('hi from a browser')
    for (const other of [bob, linus, grete]) await other.hears('hi from a browser')
    await bob.write('<b>no</b> HTML gets in here')
    await ada.hears('<b>no</b> HTML')
    if (options.screenshot !== undefined) await ada.page.screenshot({ path: options.screenshot })
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
