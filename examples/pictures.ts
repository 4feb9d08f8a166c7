// Pictures of a page for the documentation: on a desk and on a phone, light and dark.
import { join } from 'node:path'
import type { Page } from 'playwright-core'

const windows = { '': { width: 1280, height: 800 }, '-narrow': { width: 390, height: 800 } }

/** Writes `<name>.png`, `<name>-dark.png`, `<name>-narrow.png` and `<name>-narrow-dark.png`. */
export async function takePictures(page: Page, directory: string, name: string): Promise<void> {
  for (const [suffix, viewport] of Object.entries(windows))
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      const file = `${name}${suffix}${colorScheme === 'dark' ? '-dark' : ''}.png`
      await page.screenshot({ path: join(directory, file) })
    }
}
