// The declarations of the package: what the compiler emits names `.ts` files, as it rewrites specifiers in code but not in types.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** Rewrites all declarations of a folder. */
export function rewriteDeclarations(folder) {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.d.ts')) rewriteSpecifiers(join(folder, name))
  }
}

/** `.ts` and `.js` are of one length, so the declaration maps stay true. */
function rewriteSpecifiers(file) {
  let text = readFileSync(file, 'utf8')
  // What a file adds to another's types.
  text = text.replace(/^(declare module ["']\.[^"']*)\.ts(["'])/gm, '$1.js$2')
  // This reads tokens, so an example in a comment is left as it was written.
  for (const { fileName, pos } of ts.preProcessFile(text, true, true).importedFiles) {
    if (!fileName.startsWith('.') || !fileName.endsWith('.ts')) continue
    const start = text.indexOf(fileName, pos)
    text = `${text.slice(0, start)}${fileName.slice(0, -3)}.js${text.slice(start + fileName.length)}`
  }
  writeFileSync(file, text)
}
