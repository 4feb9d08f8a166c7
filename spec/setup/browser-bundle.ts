// The module for browsers, bundled once for each content of the sources, as that takes seconds. It is kept in the compiled copy.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { type BrowserBundle, bundleForBrowsers } from '../../scripts/browser-bundle.ts'
import { compiled } from './compiled.ts'

let bundled: Promise<BrowserBundle> | undefined

export function browserBundle(): Promise<BrowserBundle> {
  bundled ??= keptOrMade()
  return bundled
}

async function keptOrMade(): Promise<BrowserBundle> {
  const file = compiled('browser-bundle.json')
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as BrowserBundle
  const made = await bundleForBrowsers()
  const own = `${file}.${process.pid}`
  writeFileSync(own, JSON.stringify(made))
  renameSync(own, file)
  return made
}
