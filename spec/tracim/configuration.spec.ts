// The configuration file: made where it is missing, refused where others can read it.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readConfiguration } from 'isock/tracim'

describe('the configuration of the tracim daemon', () => {
  let folder: string
  let file: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tracim-'))
    file = join(folder, 'TracimDaemon', 'config.json')
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  const write = (value: unknown) => writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value))
  const tracim = { url: 'http://a/api', username: 'ada', mail: 'a@b', password: 'secret' }

  it('is made, for its user only, and is read then', () => {
    const first = readConfiguration(folder)
    expect(first).to.deep.equal({
      account: { url: 'http://localhost:8080/api', username: '', mail: '', password: '' },
      socketPath: join(folder, 'TracimDaemon', 'master.sock'),
      file,
      isNew: true,
    })
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    expect(statSync(join(folder, 'TracimDaemon')).mode & 0o777).to.equal(0o700)
    expect(readFileSync(file, 'utf8')).to.include('"socket_path": "TracimDaemon/master.sock"')
    expect(readConfiguration(folder)).to.deep.equal({ ...first, isNew: false })
  })

  it('says where, and as whom', () => {
    readConfiguration(folder)
    write({ tracim, socket_path: '/run/master.sock' })
    expect(readConfiguration(folder)).to.deep.include({ account: tracim, socketPath: '/run/master.sock' })
    write({ tracim: { url: 'http://a/api', password: 'secret' }, socket_path: 'm.sock' })
    expect(readConfiguration(folder)).to.deep.include({
      account: { ...tracim, username: '', mail: '' },
      socketPath: join(folder, 'm.sock'),
    })
  })

  it('is refused where others can read it', () => {
    readConfiguration(folder)
    chmodSync(file, 0o640)
    expect(() => readConfiguration(folder)).to.throw(`chmod 600 ${file}`)
  })

  it('is not made where a link leads elsewhere', () => {
    readConfiguration(folder)
    unlinkSync(file)
    symlinkSync(join(folder, 'elsewhere'), file)
    expect(() => readConfiguration(folder)).to.throw('EEXIST')
  })

  it('is refused, by the name of what is wrong, and without its password', () => {
    readConfiguration(folder)
    const refused: [unknown, RegExp][] = [
      [
        '{ "password": "secret"',
        /config\.json is not JSON: expected "," or "}" at line 1, column 23; correct it, or delete/,
      ],
      ['{\n  "password": "secret",\n  }', /expected a key in double quotes at line 3, column 3;/],
      ['', /expected a value at line 1, column 1;/],
      [[], /config\.json: expected an object/],
      [{ tracim, socket_paht: 'a' }, /socket_path is missing: expected a text; did you mean "socket_paht"\?/],
      [
        { tracim: { ...tracim, url: undefined, uri: 'secret' }, socket_path: 'a' },
        /tracim\.url is missing.*did you mean "uri"/,
      ],
      [{ tracim: { ...tracim, mail: 5 }, socket_path: 'a' }, /tracim\.mail: expected a text, got a number$/],
      [{ tracim: 'secret', socket_path: 'a' }, /tracim: expected an object/],
      [{ tracim: { ...tracim, password: ['secret'] }, socket_path: 'a' }, /password: expected a text/],
      [{ tracim }, /socket_path is missing: expected a text$/],
      [{ tracim, socket_path: '' }, /socket_path: expected/],
    ]
    for (const [value, pattern] of refused) {
      write(value)
      expect(() => readConfiguration(folder))
        .to.throw(pattern)
        .and.not.match(/secret/)
    }
  })
})
