// Lists of hosts and origins: what fits them, and which lists are refused.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import { AllowedTexts, requireTexts } from '../../lib/features/web/allow-list.ts'

describe('AllowedTexts', () => {
  const texts = new AllowedTexts(['example.org', '*.example.net', 'https://*.example.com'])

  it('lets in what it names, and nothing else', () => {
    expect(texts.has('example.org')).to.equal(true)
    for (const other of ['www.example.org', 'example.or', 'example.orgs', '']) expect(texts.has(other)).to.equal(false)
  })

  it('lets in one label or more in the place of a star', () => {
    for (const text of ['a.example.net', 'a.b-1.c_2.example.net', 'https://a.example.com'])
      expect(texts.has(text), text).to.equal(true)
  })

  it('lets in no name without a label in that place, nor one with anything but labels', () => {
    for (const text of ['example.net', '.example.net', 'a..example.net', 'a/b.example.net', 'A.example.net'])
      expect(texts.has(text), text).to.equal(false)
  })

  it('asks for what is before the star and for what is after it', () => {
    for (const text of [
      'http://a.example.com',
      'https://a.example.net.evil',
      'https://a.example.comx',
      'a.example.com',
    ])
      expect(texts.has(text), text).to.equal(false)
  })

  it('does not let the same characters count for both sides of the star', () => {
    expect(new AllowedTexts(['ab*ba']).has('aba')).to.equal(false)
  })

  it('lets in nothing where the list is empty', () => {
    expect(new AllowedTexts([]).has('example.org')).to.equal(false)
  })
})

describe('requireTexts', () => {
  const isHost = (text: string): boolean => /^[a-z0-9.-]+(:\d+)?$/.test(text) || /^https:\/\/[a-z0-9.-]+$/.test(text)
  const required = (given: unknown) => requireTexts('hosts', given, isHost, 'names of hosts')

  it('gives the texts back in small letters', () => {
    expect(required(['Example.org', '*.Example.net', 'HTTPS://*.Example.com'])).to.deep.equal([
      'example.org',
      '*.example.net',
      'https://*.example.com',
    ])
    expect(required([])).to.deep.equal([])
  })

  it('takes a star before two labels, and before localhost with or without a port', () => {
    for (const text of ['*.a.b', '*.localhost', '*.localhost:80']) expect(required([text])).to.deep.equal([text])
  })

  it('refuses a star anywhere else', () => {
    for (const text of ['*', '*.org', 'a.*.org', 'a*.b.c', '*.*.a.b', '*.localhosts']) expectRefused([text], text)
  })

  it('refuses what is no such text', () => {
    for (const text of ['no host', '', 7, undefined, null]) expectRefused([text], String(text))
    expectRefused(['example.org', 'no host'], 'a list with one of them')
  })

  it('refuses anything but a list', () => {
    for (const given of ['example.org', 7, {}, undefined]) {
      expect(expectRefused(given, String(given)).message).to.include(`'any', a function, or a list of names of hosts`)
    }
  })

  it('says what to write in the place of a RegExp, in a list too', () => {
    for (const given of [/a/, ['example.org', /a/]]) {
      const { message } = expectRefused(given, String(given))
      expect(message).to.include('in place of a RegExp: (value) => pattern.test(value)')
    }
    expect(expectRefused(['no host'], 'a text').message).to.not.include('RegExp')
  })

  function expectRefused(given: unknown, what: string): ClientError {
    try {
      required(given)
    } catch (error) {
      expect(error).to.be.instanceOf(ClientError)
      expect((error as ClientError).message).to.include('hosts')
      return error as ClientError
    }
    throw new Error(`${what} was taken`)
  }
})
