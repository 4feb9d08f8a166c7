// The module for browsers, bundled once for all specs of a process: that takes seconds.
import { type BrowserBundle, bundleForBrowsers } from '../../scripts/browser-bundle.ts'

let bundled: Promise<BrowserBundle> | undefined

export function browserBundle(): Promise<BrowserBundle> {
  bundled ??= bundleForBrowsers()
  return bundled
}
