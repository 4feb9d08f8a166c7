// Words of ours that make readers stumble, each with the plain word: refused in comments and texts of lib, and on the pages for readers.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('..', import.meta.url))

const plainWords: readonly (readonly [refused: RegExp, plain: string])[] = [
  [/\b(?:whoever|whichever)\b/i, 'name the subject: "a client that ..."'],
  [/\banew\b/i, 'again'],
  [/\bfor ever\b/i, 'forever'],
  [/\b(?:lets?|letting) (?:(?:it|them|one|him|her) )?go(?: of)?\b|\blet go\b/i, 'release, drop'],
  [/\b(?:goes?|went|going) on\b(?! at\b)/i, 'continue, keep running'],
  [
    /\b(?:is|are|was|were|be|been|being) told\b|\btold (?:when|once|of|by|so)\b/i,
    'is called when, is notified, learns',
  ],
  [/\bsays? again\b/i, 'resend'],
  [/(?<!\bthere )\b(?:is|are) none\b/i, 'say what it is: "an invalid time zone"'],
  [/\bat once\b/i, 'immediately, or "at a time"'],
  [/\bso many\b/i, 'a bounded number, at most n'],
  [/\bof which\b/i, 'start another sentence'],
  [/\bheed(?:s|ed|ing)?\b/i, 'respect'],
  [/\bcannot travel\b/i, 'cannot be serialized'],
  [/\bis a hope\b/i, 'is untrusted'],
  [/\bNever there: it carries\b/i, 'Type-only; never set at run time'],
  [/\bNothing happens (?:when|where) it is over\b/i, 'A no-op once it has ended'],
  [/\barrives? as themselves\b/i, 'keep their class'],
]

/** Each refused word of a text, with its line and the plain word. */
function refusedIn(text: string): string[] {
  return text.split('\n').flatMap((line, index) =>
    plainWords.flatMap(([refused, plain]) => {
      const found = refused.exec(line)?.[0]
      return found === undefined ? [] : [`${index + 1}: "${found}" -> ${plain}`]
    }),
  )
}

/** Comments and strings of a source, on their own lines: names in the code are not words. */
function wordsOf(source: string): string {
  const parts = /\/\/.*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g
  const words: string[] = []
  let at = 0
  for (const { 0: part, index } of source.matchAll(parts)) {
    words.push(source.slice(at, index).replace(/[^\n]/g, ''), part, ' ')
    at = index + part.length
  }
  return words.join('')
}

function filesOf(folder: string, end: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith(end))
}

describe('the words of lib and of the pages', () => {
  const sources = filesOf('lib', '.ts')
  const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...filesOf('docs', '.md')]

  it('are plain', () => {
    expect(sources.length).to.be.above(400)
    expect(pages.length).to.be.above(10)
    const found = [
      ...sources.flatMap((file) => refusedIn(wordsOf(read(file))).map((word) => `${file}:${word}`)),
      ...pages.flatMap((file) => refusedIn(read(file)).map((word) => `${file}:${word}`)),
    ]
    expect(found.join('\n')).to.equal('')
  })

  it('would be refused if they were not', () => {
    const stumbling = [
      'Whoever publishes never waits',
      'it begins anew',
      'waits for ever',
      'is let go',
      'lets go of it',
      'the run goes on',
      'told when the link is lost',
      'the client is told',
      'says again what was lost',
      'a time zone that is none',
      'rejects at once',
      'so many calls',
      'a row, of which some are lost',
      'let it heed context.signal',
      'a value that cannot travel',
      'its type is a hope',
      'Never there: it carries the type',
      'Nothing happens when it is over',
      'errors arrive as themselves',
    ]
    for (const text of stumbling) expect(refusedIn(text), text).to.not.deep.equal([])
    expect(refusedIn('a subscription continues, and an error is logged once')).to.deep.equal([])
  })

  it('are those of comments and texts, at their lines', () => {
    const source = "const anew = 1\n/* one\n * anew */\nlog('whoever', `at\nonce ${anew}`) // goes on\n"
    expect(refusedIn(wordsOf(source)).map((word) => word.split(' ->')[0])).to.deep.equal([
      '3: "anew"',
      '4: "whoever"',
      '5: "anew"',
      '5: "goes on"',
    ])
  })
})

function read(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
