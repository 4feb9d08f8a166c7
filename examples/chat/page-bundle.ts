// Makes of the page's TypeScript what a browser runs, in a directory of its own that the server may serve.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const source = fileURLToPath(new URL('page', import.meta.url))

export interface PageBundle extends Disposable {
  readonly directory: string
}

export async function bundlePage(): Promise<PageBundle> {
  const directory = mkdtempSync(join(tmpdir(), 'isock-chat-'))
  for (const file of ['index.html', 'style.css']) cpSync(join(source, file), join(directory, file))
  await build({
    entryPoints: [join(source, 'page.ts')],
    outfile: join(directory, 'page.js'),
    bundle: true,
    minify: true,
    // So that actions and channels keep their names, which are their wire names.
    keepNames: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
    // Here isock is its source. With the package a bundler finds `isock` for browsers by itself.
    alias: { isock: fileURLToPath(new URL('../../lib/browser.ts', import.meta.url)) },
  })
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) }
}
