// Reads the data of a call from the query of a URL: JSON in `data`, or fields as strings.
import { HttpError } from './error-answer.ts'

const dataName = 'data'

/**
 * The query as a JSON body: `?data={"a":2}`, or `?name=ada&tag=x&tag=y` for `{ "name": "ada", "tag": ["x", "y"] }`. Empty
 * for `?data`: no data. Throws HttpError: 400, 414.
 */
export function queryData({ search, searchParams }: URL, maxBytes: number): Uint8Array {
  if (search.length - 1 > maxBytes)
    throw new HttpError(
      414,
      'TOO_LARGE',
      `the query has more than ${maxBytes} bytes; call with POST, or raise maxQueryBytes`,
    )
  const names = new Set(searchParams.keys())
  if (!names.has(dataName)) return new TextEncoder().encode(JSON.stringify(fieldsOf(names, searchParams)))
  const values = searchParams.getAll(dataName)
  if (names.size > 1 || values.length > 1)
    throw new HttpError(400, 'BAD_REQUEST', 'a query has either a single "data", as JSON, or fields of other names')
  return new TextEncoder().encode(values[0])
}

function fieldsOf(names: ReadonlySet<string>, given: URLSearchParams): object {
  return Object.fromEntries(
    [...names].map((name) => {
      const values = given.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }),
  )
}
