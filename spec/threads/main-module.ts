// A program for program.spec.ts: its own action is to run in threads, which would run this program again.
import { realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Action, Server } from '../../lib/index.ts'
import { threads } from '../../lib/threads.ts'

const [, , form, directory = ''] = process.argv
const here = import.meta.url
const forms: Readonly<Record<string, () => string | URL>> = {
  url: () => here,
  URL: () => new URL(here),
  query: () => `${here}?again`,
  hash: () => `${here}#again`,
  dots: () => here.replace('/threads/', '/threads/../threads/'),
  link: () => {
    const link = join(directory, 'link.ts')
    symlinkSync(realpathSync(fileURLToPath(here)), link)
    return pathToFileURL(link).href
  },
}

export class Again extends Action {
  static override threaded = forms[form as string]?.() as string

  action(): void {}
}

console.log('main')
try {
  new Server({ port: 0, features: [threads()] }).addAction(new Again())
  console.log('taken')
} catch (error) {
  console.log((error as { code: string }).code, (error as Error).message)
}
