// What data a GET takes from its query, and which queries it refuses.
import { expect } from 'chai'
import { HttpError } from '../../../lib/gateways/http/error-answer.ts'
import { queryData } from '../../../lib/gateways/http/query-data.ts'

const read = (query: string, maxBytes = 1_000) =>
  new TextDecoder().decode(queryData(new URL(`http://isock/actions/a${query}`), maxBytes))

const faultOf = (query: string, maxBytes?: number) => {
  try {
    return read(query, maxBytes)
  } catch (error) {
    return error instanceof HttpError ? [error.status, error.code, error.message] : error
  }
}

const notBoth = [400, 'BAD_REQUEST', 'a query has either a single "data", as JSON, or fields of other names']

describe('The data of a query', () => {
  it('is what "data" holds, as it is', () => {
    expect(read('?data=%7B%22a%22%3A2%7D')).to.equal('{"a":2}')
    expect(read('?data=not%20json')).to.equal('not json')
  })

  it('is nothing where "data" has no value', () => {
    expect(read('?data')).to.equal('')
    expect(read('?data=')).to.equal('')
  })

  it('is an object of texts else, with an array for a name that is repeated', () => {
    expect(read('?name=ada&tag=x&tag=y')).to.equal('{"name":"ada","tag":["x","y"]}')
    expect(read('?tag=x&tag=y&tag=z')).to.equal('{"tag":["x","y","z"]}')
    expect(read('?n=1')).to.equal('{"n":"1"}')
    expect(read('?Data=1')).to.equal('{"Data":"1"}')
    expect(read('?')).to.equal('{}')
  })

  it('is not read where "data" is repeated, or stands beside another name', () => {
    expect(faultOf('?data=1&data=2')).to.deep.equal(notBoth)
    expect(faultOf('?data=1&a=2')).to.deep.equal(notBoth)
    expect(faultOf('?a=2&data=1')).to.deep.equal(notBoth)
  })

  it('may have as many bytes as are allowed, without the question mark, and not one more', () => {
    expect(faultOf('?a=12', 4)).to.equal('{"a":"12"}')
    expect(faultOf('?a=12', 3)).to.deep.equal([
      414,
      'TOO_LARGE',
      'the query has more than 3 bytes; call with POST, or raise maxQueryBytes',
    ])
    expect(faultOf('', 0)).to.equal('{}')
  })
})
