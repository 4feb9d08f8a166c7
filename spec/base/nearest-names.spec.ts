// The hint that an unknown name is answered with.
import { expect } from 'chai'
import { nearestNames } from '../../lib/core/base/nearest-names.ts'

describe('The names that are near to a mistyped one', () => {
  const known = ['Order', 'orders.create', 'Odor', 'Remove', 'a'.repeat(70)]

  it('are three at most, the nearest first', () => {
    expect(nearestNames('order', known)).to.deep.equal(['Order', 'Odor'])
    expect(nearestNames('create', known)).to.deep.equal(['orders.create'])
    expect(nearestNames('Ordr', ['Order', 'Ord', 'Ordor', 'Odr'])).to.have.length(3)
    expect(nearestNames(`${'a'.repeat(69)}b`, known)).to.deep.equal(['a'.repeat(70)])
  })

  it('are none where it is like none, however long it is', () => {
    for (const length of [20, 64, 65, 512])
      expect(nearestNames('x'.repeat(length), known), `${length}`).to.deep.equal([])
    expect(nearestNames('zzzzz', known)).to.deep.equal([])
  })
})

describe('The names nearest to a mistyped one', () => {
  it('are those that differ by a third of their letters, and by two where they are short', () => {
    expect(nearestNames('abcdefghi', ['abcdefxyz'])).to.deep.equal(['abcdefxyz'])
    expect(nearestNames('abcdefghi', ['abcdewxyz'])).to.deep.equal([])
    expect(nearestNames('abcdefghij', ['abcdefwxyz'])).to.deep.equal(['abcdefwxyz'])
    expect(nearestNames('abc', ['axy'])).to.deep.equal(['axy'])
    expect(nearestNames('abc', ['xyz'])).to.deep.equal([])
  })

  it('count letters that are missing, too many, or others', () => {
    const near = (a: string, b: string): boolean => nearestNames(a, [b]).length === 1
    expect(near('abc', 'abcde')).to.equal(true)
    expect(near('abc', 'xxabc')).to.equal(true)
    expect(near('abc', 'abcdef')).to.equal(false)
    expect(near('abcde', 'abc')).to.equal(true)
    expect(near('abcde', 'ab')).to.equal(false)
    expect(near('abcd', 'bacd')).to.equal(true)
    expect(near('abcd', 'badc')).to.equal(false)
    expect(near('abcd', 'xbcy')).to.equal(true)
    expect(near('abcd', 'xbxy')).to.equal(false)
  })

  it('come with the nearest first, at most three, those of one distance in their order', () => {
    expect(nearestNames('send', ['sxxd', 'sent', 'lend', 'send', 'bend'])).to.deep.equal(['send', 'sent', 'lend'])
    expect(nearestNames('abcdefghi', ['abcdefxyz', 'abcdefgyz', 'abcdefghz', 'qqqqqqqqq'])).to.deep.equal([
      'abcdefghz',
      'abcdefgyz',
      'abcdefxyz',
    ])
  })

  it('are found whatever their case is', () => {
    expect(nearestNames('SENDMAIL', ['sendMail'])).to.deep.equal(['sendMail'])
    expect(nearestNames('sendmail', ['SENDMAIL'])).to.deep.equal(['SENDMAIL'])
  })

  it('are also those that end with it, or that it ends with, after a dot', () => {
    expect(nearestNames('send', ['application.mail.send', 'applicationmailsend'])).to.deep.equal([
      'application.mail.send',
    ])
    expect(nearestNames('application.mail.send', ['send', 'sound.of.something.el'])).to.deep.equal(['send'])
    expect(nearestNames('send', ['sent', 'application.send'])).to.deep.equal(['application.send', 'sent'])
  })

  it('are told by their first 64 letters', () => {
    const long = 'x'.repeat(64)
    expect(nearestNames(`${long}${'a'.repeat(64)}`, [`${long}${'b'.repeat(64)}`])).to.have.lengthOf(1)
    const near = (same: number): number =>
      nearestNames(`${'x'.repeat(same)}${'a'.repeat(40)}`, [`${'x'.repeat(same)}${'b'.repeat(40)}`]).length
    expect([near(42), near(41)]).to.deep.equal([1, 0])
  })
})
