// A headless Chromium for specs and examples: the one of ISOCK_CHROMIUM, or the one found on the machine.
import { existsSync } from 'node:fs'
import type { Browser } from 'playwright-core'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** What is said where there is none. */
export const howToGetChromium =
  'there is no Chromium; install the package chromium, or set ISOCK_CHROMIUM to the path of one'

/** The path of its program; undefined: there is none. */
export function findChromium(): string | undefined {
  const given = process.env['ISOCK_CHROMIUM']
  if (given !== undefined && given !== '') return given
  return places.find((place) => existsSync(place))
}

/** Without the sandbox, which containers do not have, and without the requests that a browser makes for itself. */
export async function launchChromium(executablePath: string): Promise<Browser> {
  const { chromium } = await import('playwright-core')
  return await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
