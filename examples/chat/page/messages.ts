// The list of messages: in order, by day and author, with a marker for those that come while one reads further up.
import type { ChatLine } from '../shared.ts'
import { element, part } from './elements.ts'

/** How many are kept on the page; the oldest go. */
const longestList = 2_000
/** Messages of one author within this time stand together. */
const groupSeconds = 300

export class Messages {
  readonly #me: string
  readonly #scroller = part('scroller')
  readonly #lines = part('lines')
  readonly #jump = part('jump')
  readonly #shown = new Map<string, HTMLElement>()
  #isAtEnd = true
  #unread = 0

  constructor(me: string) {
    this.#me = me
    this.#scroller.addEventListener('scroll', () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroller
      this.#isAtEnd = scrollHeight - scrollTop - clientHeight < 60
      if (this.#isAtEnd) this.#countUnread(0)
    })
    this.#jump.addEventListener('click', () => this.toEnd())
    // Whatever makes the list longer or the window smaller: who was at the end stays there.
    const follow = new ResizeObserver(() => this.#isAtEnd && this.toEnd())
    for (const each of [this.#scroller, this.#lines, part('pending')]) follow.observe(each)
  }

  /** Adds what was not shown yet: one that is written while the list is loaded comes twice. */
  add(line: ChatLine): void {
    if (this.#shown.has(line.pk)) return
    const item = this.#itemOf(line)
    this.#shown.set(line.pk, item)
    let former = this.#lines.lastElementChild
    while (timeOf(former) > line.timestamp) former = former?.previousElementSibling ?? null
    if (former === null) this.#lines.prepend(item)
    else former.after(item)
    arrange(item)
    arrange(item.nextElementSibling)
    if (!this.#isAtEnd && !this.isLoading && line.author !== this.#me) this.#countUnread(this.#unread + 1)
    if (this.#shown.size > longestList) this.#dropOldest()
  }

  /** Shows the newest messages of the server; where they do not meet those on the page, these go. */
  load(lines: readonly ChatLine[]): void {
    if (!this.isLoading && !lines.some(({ pk }) => this.#shown.has(pk))) {
      this.#shown.clear()
      this.#lines.replaceChildren()
    }
    for (const line of lines) this.add(line)
    this.#scroller.ariaBusy = 'false'
  }

  /** Says something that is no message, in the place of what was said so just before. */
  note(text: string): void {
    if (this.isLoading) return
    const last = this.#lines.lastElementChild
    if (last?.className === 'note') last.textContent = text
    else this.#lines.append(element('li', { class: 'note', 'data-at': String(timeOf(last)) }, text))
  }

  toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight
    this.#isAtEnd = true
    this.#countUnread(0)
  }

  get isLoading(): boolean {
    return this.#scroller.ariaBusy === 'true'
  }

  #countUnread(count: number): void {
    // Before it is hidden, which would lose the focus.
    if (count === 0 && document.activeElement === this.#jump) this.#scroller.focus()
    this.#unread = count
    this.#jump.hidden = count === 0
    this.#jump.textContent = count === 1 ? '1 new message' : `${count} new messages`
  }

  #dropOldest(): void {
    const oldest = this.#lines.querySelector<HTMLElement>('.message')
    this.#shown.delete(oldest?.dataset['pk'] ?? '')
    oldest?.remove()
    arrange(this.#lines.querySelector('.message'))
  }

  #itemOf({ pk, author, content, timestamp }: ChatLine): HTMLElement {
    const at = new Date(timestamp * 1_000)
    const hue = [...author].reduce((sum, char) => (sum * 31 + char.charCodeAt(0) * 137) % 360, 0)
    const [first = ''] = author
    const face = element('span', { class: 'face', style: `--hue: ${hue}`, 'aria-hidden': 'true' }, first.toUpperCase())
    const day = at.toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
    const time = element('time', { datetime: at.toISOString() }, at.toLocaleTimeString([], { timeStyle: 'short' }))
    const name = element('bdi', { class: 'author', title: author }, author)
    return element(
      'li',
      {
        class: author === this.#me ? 'message own' : 'message',
        'data-pk': pk,
        'data-at': String(timestamp),
        'data-day': day,
        'data-author': author,
      },
      element('p', { class: 'day' }, day),
      face,
      element('span', { class: 'head' }, name, time),
      element('span', { class: 'content', dir: 'auto' }, content),
    )
  }
}

/** Whether a message is the first of its day, and whether it continues what its author just said. */
function arrange(item: Element | null): void {
  if (!(item instanceof HTMLElement) || !item.matches('.message')) return
  let former = item.previousElementSibling
  const isAfterNote = former?.className === 'note'
  while (former instanceof HTMLElement && former.className === 'note') former = former.previousElementSibling
  const { day, author } = former instanceof HTMLElement ? former.dataset : {}
  const isNewDay = day !== item.dataset['day']
  const isMore = !isAfterNote && author === item.dataset['author'] && timeOf(item) - timeOf(former) < groupSeconds
  item.classList.toggle('first-of-day', isNewDay)
  item.classList.toggle('more', isMore && !isNewDay)
}

function timeOf(item: Element | null): number {
  return item instanceof HTMLElement ? Number(item.dataset['at']) : 0
}
