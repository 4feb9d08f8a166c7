// The line that `isock call --stdin` draws while it sends.
import { expect } from 'chai'
import { Action, Client, type Context, Server } from 'isock'
import { showsUpload, UploadProgress, uploadText } from '../../lib/cli/upload-progress.ts'

class Sum extends Action<AsyncIterable<number>, number> {
  override async action(numbers: AsyncIterable<number>, _context: Context): Promise<number> {
    let sum = 0
    for await (const number of numbers) sum += number
    return sum
  }
}

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 1; i <= count; i++) yield i
}

describe('The progress of an upload', () => {
  it('is a line for people: numbers of items, and bytes in the largest fitting unit', () => {
    const sent = { items: 1_200, bytes: 3_565_158 }
    expect(uploadText({ sent, confirmed: { items: 1, bytes: 20 } })).to.equal(
      '1200 items, 3.4 MiB sent; 1 item, 20 bytes confirmed',
    )
    const most = { items: 0, bytes: 5 * 1_024 ** 4 }
    expect(uploadText({ sent: most, confirmed: most })).to.contain('5120.0 GiB')
  })

  it('is drawn where somebody watches a pipe being sent, and nowhere else', () => {
    const terminal = { isTTY: true }
    expect(showsUpload(true, terminal, {})).to.equal(true)
    expect(showsUpload(false, terminal, {}), 'no stream').to.equal(false)
    expect(showsUpload(true, {}, {}), 'errors go to a file').to.equal(false)
    expect(showsUpload(true, terminal, terminal), 'the input is typed').to.equal(false)
  })

  it('is drawn at most ten times a second while a call is sent, and leaves nothing', async () => {
    const written: string[] = []
    let nowMs = 0
    const progress = new UploadProgress({ write: (text: string) => written.push(text) > 0 } as never, () => nowMs)
    await using server = new Server('localhost', 0).addAction(new Sum())
    await server.listen()
    await using client = new Client(server.addresses[0] as string)
    expect(await progress.follow(client.runAction(Sum, numbers(1_000)))).to.equal(500_500)
    expect(written, 'the clock stood still').to.have.length(1)
    expect(written[0]).to.match(/\d+ items?, .* sent; \d+ items?, .* confirmed/)
    nowMs = 100
    expect(await progress.follow(client.runAction(Sum, numbers(1_000)))).to.equal(500_500)
    expect(written).to.have.length(2)
    progress.clear()
    expect(written.at(-1)?.endsWith('\u001b[J')).to.equal(true)
  })
})
