// A user's HTTP server that web ports have joined: who is offered a request, in which order, and what is left behind.
import { EventEmitter } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { expect } from 'chai'
import { JoinedServer } from '../../lib/features/web/joined-server.ts'

class Http extends EventEmitter {}

describe('JoinedServer', () => {
  let http: Http
  let offered: string[]

  beforeEach(() => {
    http = new Http()
    offered = []
  })

  function join(name: string, takes = false): JoinedServer {
    const offer =
      (event: string) =>
      (...args: unknown[]): boolean => {
        offered.push(`${event} ${args.filter((arg) => typeof arg === 'string').join(' ')} at ${name}`)
        return takes
      }
    return new JoinedServer(http as unknown as HttpServer, { onRequest: offer('request'), onUpgrade: offer('upgrade') })
  }

  /** What happens with one request; the response is the last thing offered. */
  function emit(event: string, ...args: unknown[]): { readonly wasHeard: boolean; readonly offered: string[] } {
    const wasHeard = http.emit(event, ...args)
    return { wasHeard, offered: offered.splice(0) }
  }

  it('is offered requests and upgrades with all that belongs to them, and nothing else', () => {
    join('one')
    expect(emit('request', 'a', 'b')).to.deep.equal({ wasHeard: false, offered: ['request a b at one'] })
    expect(emit('checkContinue', 'a', 'b')).to.deep.equal({ wasHeard: false, offered: ['request a b at one'] })
    expect(emit('upgrade', 'a', 'b', 'c')).to.deep.equal({ wasHeard: true, offered: ['upgrade a b c at one'] })
    expect(emit('connection', 'a')).to.deep.equal({ wasHeard: false, offered: [] })
  })

  it('hands what it does not take to the listeners of the server', () => {
    const heard: unknown[] = []
    join('one')
    http.on('request', (...args) => heard.push(args))
    expect(emit('request', 'a', 'b')).to.deep.equal({ wasHeard: true, offered: ['request a b at one'] })
    expect(heard).to.deep.equal([['a', 'b']])
  })

  it('hands on nothing that it takes', () => {
    const heard: unknown[] = []
    join('one', true)
    http.on('request', () => heard.push('request')).on('upgrade', () => heard.push('upgrade'))
    expect(emit('request', 'a', 'b').wasHeard).to.equal(true)
    expect(emit('upgrade', 'a', 'b', 'c').wasHeard).to.equal(true)
    expect(heard).to.deep.equal([])
  })

  it('lets the client go on whose request is taken, unless it has an answer already', () => {
    const response = { headersSent: false, continued: 0, writeContinue: () => response.continued++ }
    const one = join('one')
    http.emit('checkContinue', 'a', response)
    expect(response.continued, 'not taken').to.equal(0)
    one.leave()
    join('two', true)
    http.emit('request', 'a', response)
    expect(response.continued, 'it does not wait').to.equal(0)
    http.emit('checkContinue', 'a', response)
    expect(response.continued).to.equal(1)
    response.headersSent = true
    http.emit('checkContinue', 'a', response)
    expect(response.continued).to.equal(1)
  })

  it('offers to the one that joined last first', () => {
    join('one')
    join('two')
    expect(emit('request', 'a').offered).to.deep.equal(['request a at two', 'request a at one'])
  })

  it('leaves the server as it was', () => {
    const one = join('one')
    one.leave()
    expect(Object.hasOwn(http, 'emit')).to.equal(false)
    expect(http.listenerCount('upgrade')).to.equal(0)
    expect(emit('request', 'a')).to.deep.equal({ wasHeard: false, offered: [] })
  })

  it('leaves in any order', () => {
    const [one, two, three] = [join('one'), join('two'), join('three')]
    two.leave()
    expect(emit('request', 'a').offered).to.deep.equal(['request a at three', 'request a at one'])
    three.leave()
    expect(emit('request', 'a').offered).to.deep.equal(['request a at one'])
    one.leave()
    expect(Object.hasOwn(http, 'emit')).to.equal(false)
    expect(http.listenerCount('upgrade')).to.equal(0)
  })

  it('leaves an emit of a tool where it was, one from before and one at the class', () => {
    const seen: unknown[] = []
    const ofTool = (event: string | symbol, ...args: unknown[]): boolean => {
      seen.push(event)
      return Http.prototype.emit.call(http, event, ...args)
    }
    http.emit = ofTool
    const one = join('one')
    http.emit('request', 'a')
    expect(seen).to.deep.equal(['request'])
    one.leave()
    expect(http.emit).to.equal(ofTool)
  })

  it('asks the class for its emit each time, because tools replace it there', () => {
    const seen: unknown[] = []
    join('one')
    class Traced extends Http {
      override emit(event: string | symbol): boolean {
        seen.push(event)
        return true
      }
    }
    Object.setPrototypeOf(http, Traced.prototype)
    expect(http.emit('request', 'a')).to.equal(true)
    expect(seen).to.deep.equal(['request'])
  })

  it('knows whether anybody takes what it does not: a listener of the server, or one that joined before', () => {
    const one = join('one')
    expect([one.hasOthers('request'), one.hasOthers('upgrade')]).to.deep.equal([false, false])
    const two = join('two')
    expect([one.hasOthers('upgrade'), two.hasOthers('upgrade')]).to.deep.equal([false, true])
    const three = join('three')
    two.leave()
    expect(three.hasOthers('request'), 'beyond one that has left').to.equal(true)
    one.leave()
    expect(three.hasOthers('request')).to.equal(false)
    http.on('upgrade', () => undefined)
    expect([three.hasOthers('request'), three.hasOthers('upgrade')]).to.deep.equal([false, true])
  })

  it('does not count the emit of a tool as anybody', () => {
    http.emit = Http.prototype.emit.bind(http)
    expect(join('one').hasOthers('request')).to.equal(false)
  })
})
