// The browsers that specs drive, seen alike: Chromium by playwright-core, Firefox by WebDriver BiDi, WebKit by WebDriver.
import type { Context } from 'mocha'
import { findChromium, howToGetChromium, launchChromium } from './chromium.ts'
import { findFirefox, howToGetFirefox, launchFirefox } from './firefox.ts'
import { skip } from './skip.ts'
import { findWebKit, howToGetWebKit, launchWebKit } from './webkit.ts'

/** What specs do with a page. Values travel as JSON in both directions. */
export interface DrivenPage {
  goto(url: string): Promise<unknown>
  reload(): Promise<unknown>

  goBack(): Promise<unknown>
  evaluate<R>(run: () => R | Promise<R>): Promise<R>
  evaluate<R, A>(run: (argument: A) => R | Promise<R>, argument: A): Promise<R>
  waitForFunction(isTrue: () => unknown, argument?: undefined, options?: { timeout?: number }): Promise<unknown>
  on(event: 'pageerror', listener: (error: Error) => void): unknown
  /** Without asking the page whether it may be left. */
  close(): Promise<void>
}

export interface DrivenBrowser {
  newPage(): Promise<DrivenPage>
  close(): Promise<void>
}

export interface BrowserKind {
  readonly name: string
  /** Said where there is none. */
  readonly howToGet: string
  /** The path of its program; undefined: there is none. */
  find(): string | undefined
  /** Continuous integration may do without: see .ci/run. */
  readonly isOptional?: true
  /** Without a path, where continuous integration has to have one: fails, and says what was looked for. */
  launch(path: string | undefined): Promise<DrivenBrowser>
}

/** Starts a browser, or skips the suite of the `before` hook that has this context. */
export async function launchOrSkip(context: Context, kind: BrowserKind): Promise<DrivenBrowser> {
  const path = kind.find()
  if (path === undefined && (kind.isOptional || process.env['CI'] !== 'true')) skip(context, kind.howToGet)
  return await kind.launch(path)
}

export const browsers: readonly BrowserKind[] = [
  {
    name: 'Chromium',
    howToGet: howToGetChromium,
    find: findChromium,
    launch: async (path = 'chromium') => (await launchChromium(path)) as unknown as DrivenBrowser,
  },
  {
    name: 'Firefox',
    howToGet: howToGetFirefox,
    find: findFirefox,
    launch: (path = 'firefox-esr') => launchFirefox(path),
  },
  {
    name: 'WebKit',
    isOptional: true,
    howToGet: howToGetWebKit,
    find: findWebKit,
    launch: (path = 'WebKitWebDriver') => launchWebKit(path),
  },
]
