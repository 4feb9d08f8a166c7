// What axe-core finds on a page: rules of WCAG and good practice that can be checked without a person.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules that the page breaks, with the elements that do. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(source)
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`)
}

/** How far the page is wider than its window, or what is in one of its columns wider than that. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(`Math.max(
    document.documentElement.scrollWidth - innerWidth,
    ...[...document.querySelectorAll('section, #scroller, #members')]
      .filter((each) => each.checkVisibility())
      .map((each) => each.scrollWidth - each.clientWidth),
  )`)
}

/** Text at twice its size, as readers set it. */
export async function enlarge(page: Page): Promise<void> {
  await page.evaluate("document.documentElement.style.fontSize = '200%'")
}

export const windows = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [1280, 390].map((width) => ({ colorScheme, viewport: { width, height: 800 } })),
)
