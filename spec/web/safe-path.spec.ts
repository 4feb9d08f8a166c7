// Paths of strangers: what they lead to below a root, and that nothing leads out of it.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { expect } from 'chai'
import fc from 'fast-check'
import { placeInside, resolveInside } from '../../lib/features/web/safe-path.ts'

describe('Safe paths', () => {
  let outside: string
  let root: string

  before(() => {
    outside = realpathSync(mkdtempSync(join(tmpdir(), 'safe-path-')))
    root = join(outside, 'root')
    for (const folder of ['root/sub/deep', 'root/.hidden', 'root/.well-known', 'root-twin', 'other'])
      mkdirSync(join(outside, folder), { recursive: true })
    for (const file of [
      'secret.txt',
      'root-twin/secret.txt',
      'root/a.txt',
      'root/with space é.txt',
      'root/%2e%2e',
      'root/sub/b.txt',
      'root/.hidden/c.txt',
      'root/.env',
      'root/.well-known/d.txt',
    ])
      writeFileSync(join(outside, file), file)
    symlinkSync(join(outside, 'secret.txt'), join(root, 'out.txt'))
    symlinkSync('../secret.txt', join(root, 'out-relative.txt'))
    symlinkSync(outside, join(root, 'up'))
    symlinkSync('sub', join(root, 'in'))
    symlinkSync('.env', join(root, 'shown.txt'))
    symlinkSync(join(outside, 'not-there.txt'), join(root, 'dangling.txt'))
    symlinkSync('loop.txt', join(root, 'loop.txt'))
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(root, 'pipe')])
  })

  after(() => rmSync(outside, { recursive: true }))

  describe('to a file', () => {
    for (const [path, file] of [
      ['/a.txt', 'a.txt'],
      ['/sub/b.txt', 'sub/b.txt'],
      ['/sub%2Fb.txt', 'sub/b.txt'],
      ['/with%20space%20%C3%A9.txt', 'with space é.txt'],
      ['/%252e%252e', '%2e%2e'],
      ['/in/b.txt', 'sub/b.txt'],
      ['/.well-known/d.txt', '.well-known/d.txt'],
    ] as const) {
      it(`${path} leads to ${file}`, async () => {
        expect(await resolveInside(root, path)).to.equal(join(root, file))
      })
    }

    for (const path of [
      '/',
      '',
      'a.txt',
      '//a.txt',
      '/sub',
      '/sub/',
      '/nothing.txt',
      '/a.txt/',
      '/a.txt/b',
      '/../secret.txt',
      '/sub/../../secret.txt',
      '/%2e%2e/secret.txt',
      '/%2E%2E%2Fsecret.txt',
      '/..%2fsecret.txt',
      '/..%5csecret.txt',
      '/..\\secret.txt',
      '/sub/../a.txt',
      '/./a.txt',
      '/../root-twin/secret.txt',
      '//etc/passwd',
      '/%2fetc/passwd',
      '/%2Fetc%2Fpasswd',
      '/etc/passwd',
      '/a.txt%00',
      '/a.txt%00.png',
      '/a%0a.txt',
      '/%',
      '/%ff',
      '/%c0%ae%c0%ae/secret.txt',
      '/out.txt',
      '/out-relative.txt',
      '/up/secret.txt',
      '/up/a.txt%2f..',
      '/dangling.txt',
      '/loop.txt',
      '/.env',
      '/%2eenv',
      '/.hidden/c.txt',
      '/shown.txt',
      '/pipe',
      `/${'x'.repeat(300)}`,
      `/${'x/'.repeat(3_000)}`,
    ]) {
      it(`${JSON.stringify(path.slice(0, 40))} leads nowhere`, async () => {
        expect(await resolveInside(root, path)).to.equal(undefined)
      })
    }

    it('nothing that strangers can make up leads out', async () => {
      const part = fc.constantFrom(
        '..',
        '.',
        '%2e',
        '%2e%2e',
        '/',
        '%2f',
        '\\',
        '%5c',
        'up',
        'in',
        'sub',
        'out.txt',
        'a.txt',
        '%00',
        'secret.txt',
        '.env',
        '~',
        root,
      )
      await fc.assert(
        fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
          for (const path of [`/${parts.join('/')}`, `/${parts.join('')}`]) {
            const found = await resolveInside(root, path)
            if (found !== undefined)
              expect(found.startsWith(`${root}${sep}`) && !found.includes('.env'), path).to.equal(true)
            const place = await placeInside(root, path)
            if (place !== undefined) expect(`${place.directory}/`.startsWith(`${root}/`), path).to.equal(true)
          }
        }),
        { numRuns: 500 },
      )
    })

    it('follows a root that is a link itself', async () => {
      symlinkSync(root, join(outside, 'other', 'link'))
      expect(await resolveInside(join(outside, 'other', 'link'), '/a.txt')).to.equal(join(root, 'a.txt'))
    })
  })

  describe('to a place for a file', () => {
    for (const [path, directory, file] of [
      ['/new.txt', '', 'new.txt'],
      ['/a.txt', '', 'a.txt'],
      ['/sub/new.txt', 'sub', 'sub/new.txt'],
      ['/in/new.txt', 'sub', 'sub/new.txt'],
    ] as const) {
      it(`${path} may be written`, async () => {
        expect(await placeInside(root, path)).to.deep.equal({
          directory: join(root, directory),
          file: join(root, file),
        })
      })
    }

    for (const path of [
      '/',
      '/sub',
      '/sub/',
      '/nowhere/new.txt',
      '/../new.txt',
      '/up/new.txt',
      '/out.txt',
      '/out-relative.txt',
      '/dangling.txt',
      '/loop.txt',
      '/.env',
      '/.new',
      '/.hidden/new.txt',
      '/shown.txt',
      '/pipe',
      '/a.txt/new.txt',
      '/%2e%2e%2fnew.txt',
      '/new.txt%00',
      `/${'x'.repeat(256)}`,
      `/${'é'.repeat(128)}`,
    ]) {
      it(`${path.slice(0, 40)} may not`, async () => {
        expect(await placeInside(root, path)).to.equal(undefined)
      })
    }
  })
})
