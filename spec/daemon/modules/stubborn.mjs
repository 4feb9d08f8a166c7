// A daemon that does not end by itself when it should.
export function setup() {
  process.exit = () => undefined
  setInterval(() => undefined, 1e6)
}
