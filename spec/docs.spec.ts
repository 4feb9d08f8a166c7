// The pages for users: their TypeScript compiles, the first example does what it says, and their links lead somewhere.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { transformSync } from 'esbuild'
import { defaultLimits } from 'isock'
import { compiled as compiledCopy } from './setup/compiled.ts'
import { longIt } from './setup/long.ts'
import { RunningScript } from './setup/run-script.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** What the examples take for granted. */
const prelude = `
import { Action, type Client, type Server } from 'isock'
declare class Order extends Action<{ item: string; quantity: number }, { item: string; at: Date }> {}
type OrderClass = typeof Order
declare global {
  const client: Client
  const server: Server
  const Order: OrderClass
}
`

const compilerOptions = {
  noImplicitOverride: false,
  noUnusedLocals: false,
  noUnusedParameters: false,
  paths: {
    isock: ['../lib/index.ts'],
    'isock/daemon': ['../lib/daemon.ts'],
    'isock/browser': ['../lib/browser.ts'],
    'isock/data': ['../lib/data.ts'],
    'isock/limits': ['../lib/limits.ts'],
    'isock/threads': ['../lib/threads.ts'],
    'isock/tracing': ['../lib/tracing.ts'],
    'isock/web': ['../lib/web.ts'],
    'isock/http': ['../lib/gateways/http/http.ts'],
    'isock/igor': ['../lib/gateways/igor/igor.ts'],
    'isock/lexicons': ['../lib/gateways/lexicons/lexicons.ts'],
    'isock/testing': ['../lib/testing.ts'],
    'isock/tracim': ['../lib/tracim/tracim.ts'],
  },
}

describe('the pages for users', function () {
  this.timeout(120_000)
  let folder: string

  before(() => {
    folder = mkdtempSync(join(root, '.docs-examples-'))
  })

  after(() => rmSync(folder, { recursive: true }))

  longIt('have TypeScript that compiles', () => {
    const files = pages.flatMap((page) =>
      blocksOf(page).map((code, index) => {
        const name = `${page.replace(/\W/g, '-')}-${index + 1}.ts`
        writeFileSync(join(folder, name), `${code}\nexport {}\n`)
        return name
      }),
    )
    expect(files).to.have.length.above(10)
    writeFileSync(join(folder, 'orders.ts'), blocksOf('README.md')[0] as string)
    writeFileSync(join(folder, 'prelude.d.ts'), prelude)
    expect(compiled(folder, ['prelude.d.ts', ...files])).to.equal('')
  })

  longIt('begin with an example that needs no other', () => {
    const files = pages.flatMap((page) => {
      const [first] = blocksOf(page)
      const name = `first-of-${page.replace(/\W/g, '-')}.ts`
      if (first === undefined || page === 'README.md') return []
      writeFileSync(join(folder, name), `${first}\nexport {}\n`)
      return [name]
    })
    expect(files).to.have.length.above(10)
    expect(compiled(folder, files)).to.equal('')
  })

  it('begin with a server and a client that do what they say', async () => {
    // In the compiled copy, where the package finds itself by its name.
    const directory = mkdtempSync(compiledCopy('docs-'))
    const port = await freePort()
    for (const [i, name] of ['orders', 'server', 'client'].entries()) {
      const code = (blocksOf('README.md')[i] as string).replaceAll('4440', String(port))
      writeFileSync(
        join(directory, `${name}.js`),
        transformSync(code, { loader: 'ts', target: 'node20' }).code.replaceAll('.ts"', '.js"'),
      )
    }
    const script = (name: string) => new RunningScript([join(directory, `${name}.js`)], {})
    const server = script('server')
    try {
      await server.printed(/listening at tcp:/)
      const { code, stdout, stderr } = await script('client').ended
      expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: 'true\n3\n', stderr: '' })
    } finally {
      server.kill('SIGKILL')
      await server.ended
      rmSync(directory, { recursive: true })
    }
  })

  it('link to files that exist', () => {
    for (const page of pages) {
      for (const [, target = ''] of textOf(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
        expect(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`).to.equal(true)
      }
      // npm shows the README, and has no other page.
      for (const [, target = ''] of textOf(page).matchAll(
        /\]\(https:\/\/github\.com\/isock\/isock\/(?:blob|tree)\/main\/([^)#]+)/g,
      ))
        expect(existsSync(join(root, target)), `${page} links to ${target}`).to.equal(true)
    }
  })

  it('name every limit', () => {
    const readme = textOf('README.md')
    for (const name of Object.keys(defaultLimits)) expect(readme).to.include(`\`${name}\``)
  })
})

/** What the compiler says of these files. */
function compiled(folder: string, files: readonly string[]): string {
  const config = { extends: '../tsconfig.json', compilerOptions, files, include: [] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc')
  return spawnSync(process.execPath, [tsc, '-p', folder], { cwd: folder, encoding: 'utf8' }).stdout
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

function blocksOf(page: string): string[] {
  return [...textOf(page).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
}

function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}
