// The page: the same Client, actions and channel as on Node, over a WebSocket to where the page came from.
import { AuthError, Client, type Credential, type MessageOf } from 'isock'
import { type ChatLine, CreateChatMessage, GetChatList, GetToken, Public } from '../shared.ts'

const rememberedAs = 'chat token'
const welcome = part('welcome')
const chat = part('chat')
const lines = part('lines')
const members = part('members')
const account = part<HTMLFormElement>('account')
const composer = part<HTMLFormElement>('composer')

const token = sessionStorage.getItem(rememberedAs)
if (token === null) welcome.hidden = false
else await enter({ guard: 'Login', value: { token } })

account.addEventListener('submit', async (event: SubmitEvent) => {
  event.preventDefault()
  const { email, password } = Object.fromEntries(new FormData(account))
  // Which guard is asked says the button.
  const guard = (event.submitter as HTMLButtonElement).value
  await enter({ guard, value: { email, password } })
})

/** Signs in, and shows the chat; or says why not. */
async function enter(credential: Credential): Promise<void> {
  const client = new Client({ credentials: [credential] })
  try {
    const fresh = await client.runAction(GetToken)
    sessionStorage.setItem(rememberedAs, fresh)
    await show(client)
  } catch (error) {
    await client.close()
    sessionStorage.removeItem(rememberedAs)
    part('refusal').textContent = error instanceof AuthError ? error.message : `That did not work: ${error}`
    welcome.hidden = false
  }
}

async function show(client: Client): Promise<void> {
  const shown = new Set<string>()
  const add = (line: ChatLine): void => {
    // One that is written between the two questions below comes by both.
    if (!shown.has(line.pk)) append(elementOf(line))
    shown.add(line.pk)
  }
  const take = (message: MessageOf<typeof Public>): void => {
    if ('CreateChatMessage' in message) add(message.CreateChatMessage)
    else append(noteOf('UserEnter' in message ? message.UserEnter : message.UserExit))
  }
  let isHistoryShown = false
  const early: MessageOf<typeof Public>[] = []
  const onReconnect = (recovered: boolean): void =>
    say(recovered ? 'Back again; nothing was missed.' : 'Back again; load the page to see what was missed.')
  const subscription = client.subscribe(
    Public,
    (message) => (isHistoryShown ? take(message) : void early.push(message)),
    { onReconnect },
  )
  await subscription.ready
  for (const line of await client.runAction(GetChatList, {})) add(line)
  isHistoryShown = true
  for (const message of early) take(message)

  const watch = client.watchPresence(Public, showMembers)
  await watch.ready
  showMembers()

  composer.addEventListener('submit', async (event) => {
    event.preventDefault()
    const field = composer.elements.namedItem('content') as HTMLInputElement
    const content = field.value
    field.value = ''
    try {
      await client.runAction(CreateChatMessage, { channel: 'Public', content })
    } catch (error) {
      field.value ||= content
      say(`Not sent: ${(error as Error).message}`)
    }
  })
  part('leave').addEventListener('click', async () => {
    sessionStorage.removeItem(rememberedAs)
    await client.close()
    location.reload()
  })
  function showMembers(): void {
    // Somebody may be here with two pages.
    const names = [...new Set(watch.members.map(({ info }) => info.name))].sort()
    members.replaceChildren(...names.map((name) => element('li', {}, name)))
  }

  welcome.hidden = true
  chat.hidden = false
  lines.scrollTop = lines.scrollHeight
}

function elementOf({ author, content, timestamp }: ChatLine): HTMLElement {
  const at = new Date(timestamp * 1_000)
  const hue = [...author].reduce((sum, char) => (sum * 31 + char.charCodeAt(0) * 137) % 360, 0)
  const face = element(
    'span',
    { class: 'face', style: `--hue: ${hue}`, 'aria-hidden': 'true' },
    author.slice(0, 1).toUpperCase(),
  )
  const time = element('time', { datetime: at.toISOString() }, at.toLocaleTimeString([], { timeStyle: 'short' }))
  const head = element('span', {}, element('strong', { class: 'author' }, author), time)
  return element('li', {}, face, head, element('span', { class: 'content' }, content))
}

function noteOf(text: string): HTMLElement {
  return element('li', { class: 'note' }, text)
}

function append(item: HTMLElement): void {
  const isAtEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 80
  lines.append(item)
  if (isAtEnd) lines.scrollTop = lines.scrollHeight
}

function say(text: string): void {
  part('state').textContent = text
}

/** Texts become text, never HTML: others wrote them. */
function element(name: string, attributes: Record<string, string>, ...content: (Node | string)[]): HTMLElement {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  made.append(...content)
  return made
}

function part<E extends HTMLElement>(id: string): E {
  return document.getElementById(id) as E
}
