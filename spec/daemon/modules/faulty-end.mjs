// A daemon whose server cannot be shut down in order.
export function setup(server) {
  server.shutdown = () => Promise.reject(new RangeError('broken end'))
}
