// The options of Igor's files: each bound is a number that means something.
import { tmpdir } from 'node:os'
import { expect } from 'chai'
import { igor } from 'isock/igor'

describe('igor: the options of files', () => {
  const files = (options: object) => () => igor({ files: { root: tmpdir(), ...options } as never })

  it('have a root that is a directory', () => {
    files({})()
    for (const root of [undefined, 5, '', '/none/such', import.meta.filename])
      expect(files({ root }), String(root)).to.throw('root')
  })

  it('have bounds that are numbers, and say whether files may be written', () => {
    for (const bound of ['maxUploads', 'maxDownloads']) {
      for (const value of [-1, 1.5, '5', null]) expect(files({ [bound]: value })).to.throw(`igor files.${bound}`)
      files({ [bound]: 0 })()
    }
    for (const bound of ['maxFileBytes', 'idleMs'])
      for (const value of [0, -1, '5', null]) expect(files({ [bound]: value })).to.throw(`igor files.${bound}`)
    for (const value of ['yes', 1, null]) expect(files({ write: value })).to.throw('igor files.write')
    for (const value of ['', 'files', 5]) expect(files({ path: value })).to.throw('igor files.path')
    expect(files({ maxUpload: 5 })).to.throw('unknown option "maxUpload"')
  })
})
