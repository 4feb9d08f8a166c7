// Idempotency-Key: a request that comes again joins the run or is given its outcome; nothing runs twice for it.
import { expect } from 'chai'
import { Action, BusyError, Guard } from 'isock'
import { waitFor } from '../../setup/wait-for.ts'
import { errorOf, HttpWorld, OutOfStock, type WorldOptions } from './http-world.ts'

/** Counts its runs; waits where it is told to, and fails where it is told to. */
class Pay extends Action<{ amount: number; what?: string }, unknown> {
  static override actionName = 'Pay'
  runs = 0
  readonly #waiting: (() => void)[] = []

  override async action({ amount, what }: { amount: number; what?: string }) {
    this.runs++
    if (what === 'wait') await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (what === 'fail') throw new OutOfStock(amount)
    if (what === 'bug') throw new Error('a bug')
    return { paid: amount, run: this.runs, text: what === 'large' ? 'x'.repeat(4_000) : '' }
  }

  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
class Count extends Action<number, void, number> {
  runs = 0
  override async *action(to: number) {
    this.runs++
    for (let i = 0; i < to; i++) yield i
  }
}
class User extends Guard<{ id: string; secret: number }> {
  override check(credential: { id: string; secret: number } | undefined) {
    return credential === undefined ? false : { id: credential.id }
  }
}
const as = (id: string, secret = 1) => ({ 'isock-credentials': JSON.stringify({ User: { id, secret } }) })

describe('an Idempotency-Key', () => {
  let world: HttpWorld
  let pay: Pay
  let count: Count

  const start = async (options: WorldOptions = {}): Promise<void> => {
    world = new HttpWorld(options)
    pay = new Pay()
    count = new Count()
    world.server.addAction(pay).addAction(count)
    await world.start()
  }
  const send = (
    key: string,
    data: unknown,
    headers: Record<string, string> = {},
    init: RequestInit = {},
  ): Promise<Response> => world.post('Pay', data, { 'idempotency-key': key, ...headers }, init)
  const replayed = (response: Response): boolean => response.headers.get('idempotency-replayed') === 'true'

  afterEach(() => {
    pay.release()
    return world.close()
  })

  it('gives who comes again the outcome of the first run', async () => {
    await start()
    const first = await send('"k1"', { amount: 5 })
    const again = await send('"k1"', { amount: 5 })
    expect([replayed(first), replayed(again), first.status, again.status]).to.deep.equal([false, true, 200, 200])
    expect(await again.text()).to.equal(await first.text())
    expect(again.headers.get('content-type')).to.equal('application/json; charset=utf-8')
    expect(pay.runs).to.equal(1)
    expect((await (await send('"k2"', { amount: 5 })).json()) as object).to.include({ run: 2 })
  })

  it('is the same with quotes and without', async () => {
    await start()
    await send('"8e03978e-40d5"', { amount: 1 })
    expect(replayed(await send('8e03978e-40d5', { amount: 1 }))).to.equal(true)
  })

  it('lets who comes meanwhile join the run', async () => {
    await start()
    const all = [1, 2, 3].map(() => send('"k"', { amount: 5, what: 'wait' }))
    await waitFor(() => pay.runs === 1)
    await waitFor(async () => (await world.metric('isock_http_requests_running')) === 3)
    pay.release()
    const answers = await Promise.all(all)
    expect(answers.filter(replayed)).to.have.length(2)
    const texts = new Set(await Promise.all(answers.map((answer) => answer.text())))
    expect(texts.size).to.equal(1)
    expect(pay.runs).to.equal(1)
  })

  it('has so many runs at once that one listener for each would be taken for a leak', async () => {
    await start()
    const warnings: string[] = []
    const onWarning = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`)
    process.on('warning', onWarning)
    try {
      const all = Array.from({ length: 15 }, (_, n) => send(`k${n}`, { amount: n, what: 'wait' }))
      await waitFor(() => pay.runs === 15)
      pay.release()
      expect((await Promise.all(all)).map(({ status }) => status)).to.deep.equal(all.map(() => 200))
    } finally {
      process.off('warning', onWarning)
    }
    expect(warnings).to.deep.equal([])
  })

  it('lets the run go on where the client leaves, for when it comes again', async () => {
    await start()
    const abort = new AbortController()
    const left = send('"k"', { amount: 5, what: 'wait' }, {}, { signal: abort.signal }).catch(() => undefined)
    await waitFor(() => pay.runs === 1)
    abort.abort()
    await left
    await waitFor(async () => (await world.metric('isock_http_requests_total{route="action",status="499"}')) === 1)
    // Its run keeps the place, so that runs cannot pile up behind clients that leave.
    expect(await world.metric('isock_http_requests_running')).to.equal(1)
    const again = send('"k"', { amount: 5, what: 'wait' })
    await waitFor(async () => (await world.metric('isock_http_requests_running')) === 2)
    const abortJoin = new AbortController()
    const joined = send('"k"', { amount: 5, what: 'wait' }, {}, { signal: abortJoin.signal }).catch(() => undefined)
    await waitFor(async () => (await world.metric('isock_http_requests_running')) === 3)
    abortJoin.abort()
    await joined
    await waitFor(async () => (await world.metric('isock_http_requests_running')) === 2)
    pay.release()
    expect((await (await again).json()) as object).to.include({ paid: 5, run: 1 })
    expect(pay.runs).to.equal(1)
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('keeps errors of runs too', async () => {
    await start({ http: { statusOf: ({ name }) => (name === 'OutOfStock' ? 409 : undefined) } })
    for (const [what, status] of [
      ['fail', 409],
      ['bug', 500],
    ] as const) {
      const first = await send(what, { amount: 5, what })
      const again = await send(what, { amount: 5, what })
      expect([first.status, again.status, replayed(again)]).to.deep.equal([status, status, true])
      expect(await again.text()).to.equal(await first.text())
    }
    expect(pay.runs).to.equal(2)
  })

  it('keeps nothing of what never started', async () => {
    await start({ http: { maxBodyBytes: 100 } })
    expect((await send('"k"', undefined, {}, { body: '{"amo' })).status).to.equal(400)
    expect((await send('"k"', { amount: 5, x: 'x'.repeat(100) })).status).to.equal(413)
    const right = await send('"k"', { amount: 5 })
    expect([right.status, replayed(right), pay.runs]).to.deep.equal([200, false, 1])
    expect((await world.post('Later', 1, { 'idempotency-key': 'k' })).status).to.equal(404)
    world.server.addActions({ Later: () => 'now' })
    expect((await world.post('Later', 1, { 'idempotency-key': 'k' })).status).to.equal(200)
  })

  it('keeps a refusal that a handler threw, for it did start', async () => {
    await start()
    let runs = 0
    world.server.addActions({
      Full: () => {
        runs++
        throw new BusyError('full')
      },
    })
    for (let i = 0; i < 2; i++) expect((await world.post('Full', 1, { 'idempotency-key': 'k' })).status).to.equal(503)
    expect(runs).to.equal(1)
  })

  it('is refused with another body', async () => {
    await start()
    await send('"k"', { amount: 5 })
    const response = await send('"k"', { amount: 6 })
    expect([response.status, (await errorOf(response))['code']]).to.deep.equal([422, 'IDEMPOTENCY_KEY_REUSED'])
    const running = send('"w"', { amount: 5, what: 'wait' })
    await waitFor(() => pay.runs === 2)
    expect((await send('"w"', { amount: 6, what: 'wait' })).status).to.equal(422)
    pay.release()
    expect((await running).status).to.equal(200)
  })

  it('is of one action', async () => {
    await start()
    await send('"k"', { amount: 5 })
    const echo = await world.post('Echo', { amount: 5 }, { 'idempotency-key': '"k"' })
    expect([replayed(echo), await echo.json()]).to.deep.equal([false, { amount: 5 }])
  })

  it('is of one identity, whatever it shows for it, and of nobody else', async () => {
    await start({ server: { guards: [new User()] } })
    await send('"k"', { amount: 5 }, as('ada'))
    expect(replayed(await send('"k"', { amount: 5 }, as('ada', 2)))).to.equal(true)
    expect(replayed(await send('"k"', { amount: 5 }, as('eve')))).to.equal(false)
    expect((await send('"k"', { amount: 5 })).status).to.equal(401)
    expect(pay.runs).to.equal(2)
  })

  it('is of who shows the same credentials, where they give no identity', async () => {
    await start({
      server: {
        guards: [
          new (class Any extends Guard {
            override check() {
              return true
            }
          })(),
        ],
      },
    })
    await send('"k"', { amount: 5 }, as('ada'))
    expect(replayed(await send('"k"', { amount: 5 }, as('ada')))).to.equal(true)
    expect(replayed(await send('"k"', { amount: 5 }, as('eve')))).to.equal(false)
    expect(replayed(await send('"k"', { amount: 5 }))).to.equal(false)
  })

  it('is no way to have a stream', async () => {
    await start()
    const asked = await world.post('Count', 3, { 'idempotency-key': 'k', accept: 'text/event-stream' })
    expect([asked.status, count.runs]).to.deep.equal([400, 0])
    for (let i = 0; i < 2; i++) {
      const response = await world.post('Count', 3, { 'idempotency-key': 'k' })
      expect([response.status, (await errorOf(response))['code']]).to.deep.equal([400, 'INVALID_USAGE'])
    }
    expect(count.runs).to.equal(0)
  })

  it('is a text of a few characters', async () => {
    await start()
    for (const key of ['""', 'a b', '"a', 'a"b', 'a, b', 'x'.repeat(256), `"${'x'.repeat(256)}"`, '"ü"', '(1 2)']) {
      const response = await send(key, { amount: 5 })
      expect([response.status, (await errorOf(response))['code']], key).to.deep.equal([400, 'BAD_REQUEST'])
    }
    expect(pay.runs).to.equal(0)
    expect((await send('"say \\"hi\\" \\\\"', { amount: 5 })).status).to.equal(200)
  })

  it('is kept for a time', async () => {
    await start({ http: { idempotency: { keepMs: 300 } } })
    await send('"k"', { amount: 5 })
    await waitFor(async () => !replayed(await send('"k"', { amount: 5 })))
    expect(pay.runs).to.equal(2)
  })

  it('that had to make room runs no second time, and says so', async () => {
    await start({ http: { idempotency: { maxKeys: 1 } } })
    await send('"k"', { amount: 5 })
    expect((await send('"other"', { amount: 5 })).status).to.equal(200)
    const again = await send('"k"', { amount: 5 })
    expect([again.status, (await errorOf(again))['code']]).to.deep.equal([409, 'OUTCOME_UNKNOWN'])
    expect(pay.runs).to.equal(2)
  })

  it('is of one address, where no guard was shown anything', async () => {
    await start()
    const body = JSON.stringify({ amount: 5, what: 'wait' })
    const host = new URL(world.url).host
    const text = (more = ''): string =>
      `POST /actions/Pay HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n${more}idempotency-key: k\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    const [one, other, sameAgain] = [
      await world.raw(text(), '127.0.0.1'),
      await world.raw(text(), '127.0.0.2'),
      await world.raw(text(), '127.0.0.2'),
    ]
    // What no guard looks at proves nothing.
    const shown = [
      await world.raw(text('isock-credentials: {"User":"ada"}\r\n'), '127.0.0.1'),
      await world.raw(text('isock-credentials: {"User":"ada"}\r\n'), '127.0.0.2'),
    ]
    await waitFor(async () => (await world.metric('isock_http_requests_running')) === 5)
    await waitFor(() => pay.runs === 4)
    pay.release()
    for (const client of [one, other, sameAgain, ...shown]) expect(await client.answered()).to.equal(200)
    expect([one, other, sameAgain].filter((client) => /idempotency-replayed/i.test(client.text))).to.have.length(1)
    expect(pay.runs).to.equal(4)
  })

  it('stays where there is no room for its answer, and says so', async () => {
    await start({ http: { idempotency: { maxKeptBytes: 10_000 } } })
    await send('1', { amount: 5, what: 'large' })
    expect(replayed(await send('1', { amount: 5, what: 'large' }))).to.equal(true)
    await send('2', { amount: 5, what: 'large' })
    const first = await send('1', { amount: 5, what: 'large' })
    expect([first.status, (await errorOf(first))['code']]).to.deep.equal([409, 'OUTCOME_UNKNOWN'])
    expect(replayed(await send('2', { amount: 5, what: 'large' }))).to.equal(true)
    expect(pay.runs).to.equal(2)
  })
})
