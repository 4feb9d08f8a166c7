// The page: the same Client, actions and channel as on Node, over a WebSocket to where the page came from. Signs in, and
// shows the room; the list of messages is in messages.ts, what is on its way to the server in outbox.ts.
import { AuthError, Client, ClientError, type Credential } from 'isock'
import { type Account, GetChatList, GetToken, Public } from '../shared.ts'
import { element, inWords, part } from './elements.ts'
import { Messages } from './messages.ts'
import { Outbox } from './outbox.ts'

const rememberedAs = 'chat token'
const welcome = part('welcome')
const chat = part('chat')
const account = part<HTMLFormElement>('account')
const composer = part<HTMLFormElement>('composer')
const field = composer.elements.namedItem('content') as HTMLInputElement

// Wide enough, the list of those present stands beside the messages; else it opens over them.
const wide = matchMedia('(min-width: 45rem)')
const fold = (): void => void part('here').toggleAttribute('open', wide.matches)
wide.addEventListener('change', fold)
fold()

account.addEventListener('submit', async (event: SubmitEvent) => {
  event.preventDefault()
  const { email, password } = Object.fromEntries(new FormData(account)) as unknown as Account
  // Which guard is asked says the button.
  const button = event.submitter as HTMLButtonElement
  const label = button.textContent
  setBusy(true)
  button.textContent = button.dataset['busy'] ?? label
  await enter({ guard: button.value, value: { email, password } })
  button.textContent = label
  setBusy(false)
  if (chat.hidden) account.querySelector('input')?.focus()
})

const token = sessionStorage.getItem(rememberedAs)
if (token === null) welcome.hidden = false
else {
  chat.hidden = false
  part('empty').textContent = 'Loading messages …'
  await enter({ guard: 'Login', value: { token } })
}

/** Nothing is sent twice by a double click. */
function setBusy(isBusy: boolean): void {
  part<HTMLFieldSetElement>('fields').disabled = isBusy
}

/** Signs in, and shows the chat; or says why not. */
async function enter(credential: Credential): Promise<void> {
  part('refusal').textContent = ''
  let shown = credential
  // A chat waits for its server however long it takes, and says so.
  const forever = { patienceMs: Number.POSITIVE_INFINITY, retry: Number.POSITIVE_INFINITY }
  const client = new Client({ credentials: () => [shown], ...forever })
  showConnection(client)
  try {
    const { token, name } = await client.runAction(GetToken)
    // An account is made once: who has to connect again signs in.
    shown = { ...credential, guard: 'Login' }
    sessionStorage.setItem(rememberedAs, token)
    await show(client, name)
  } catch (error) {
    await client.close()
    const isExpired = error instanceof AuthError && 'token' in (credential.value as object)
    // Another error says nothing of the login, and may be over in a moment.
    if (error instanceof AuthError) sessionStorage.removeItem(rememberedAs)
    part('refusal').textContent = isExpired ? 'You have been signed out. Please sign in again.' : inWords(error)
    chat.hidden = true
    welcome.hidden = false
  }
}

async function show(client: Client, name: string): Promise<void> {
  const messages = new Messages(name)
  const outbox = new Outbox(client, messages, field)
  const load = async (): Promise<void> => messages.load(await client.runAction(GetChatList, {}))
  const subscription = client.subscribe(
    Public,
    (message) => {
      if ('CreateChatMessage' in message) messages.add(message.CreateChatMessage)
      else messages.note('UserEnter' in message ? message.UserEnter : message.UserExit)
    },
    { onReconnect: (recovered) => (recovered ? undefined : void load().catch(stop)) },
  )
  const watch = client.watchPresence(Public, showMembers)
  await Promise.all([subscription.ready, watch.ready])
  await load()
  showMembers()

  composer.addEventListener('submit', (event) => {
    event.preventDefault()
    const content = field.value.trim()
    if (content !== '') outbox.send(content)
    field.value = ''
  })
  part('leave').addEventListener('click', async () => {
    sessionStorage.removeItem(rememberedAs)
    await client.close()
    location.reload()
  })
  Promise.all([subscription.done, watch.done]).catch(stop)
  /** Nothing comes any more, and waiting does not mend it: the server does not let us in again. */
  function stop(error: unknown): void {
    if (error instanceof ClientError && error.code === 'CLOSED') return
    void client.close()
    const isSignedOut = error instanceof AuthError
    if (isSignedOut) sessionStorage.removeItem(rememberedAs)
    const button = element('button', { type: 'button', class: 'small' }, isSignedOut ? 'Sign in' : 'Load again')
    button.addEventListener('click', () => location.reload())
    part('banner').replaceChildren(isSignedOut ? 'You have been signed out.' : inWords(error), button)
    chat.dataset['connection'] = 'lost'
    for (const control of composer.querySelectorAll<HTMLInputElement>('input, button')) control.disabled = true
    button.focus()
  }
  function showMembers(): void {
    // Somebody may be here with two pages.
    const names = [...new Set(watch.members.map(({ info }) => info.name))].sort((a, b) => a.localeCompare(b))
    const items = names.map((each) =>
      element('li', each === name ? { class: 'own' } : {}, element('bdi', { title: each }, each)),
    )
    part('members').replaceChildren(...items)
    part('count').textContent = `${names.length} here`
  }

  part('empty').textContent = 'No messages yet. Write the first one.'
  welcome.hidden = true
  chat.hidden = false
  field.focus()
}

/** Says that there is no connection once that has lasted a moment: most are back before anybody would notice. */
function showConnection(client: Client): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const say = (connection: string, text: string): void => {
    chat.dataset['connection'] = connection
    part('banner').textContent = text
  }
  const onLost = (): void => {
    timer ??= setTimeout(
      say,
      1_000,
      'lost',
      chat.hidden ? 'The server does not answer. Trying again …' : 'Connection lost, trying again …',
    )
  }
  const onFound = (): void => {
    clearTimeout(timer)
    timer = undefined
    say('open', '')
  }
  const removals = [client.on('disconnect', onLost), client.on('reconnecting', onLost), client.on('connect', onFound)]
  client.on('close', () => {
    for (const remove of removals) remove()
    onFound()
  })
}
