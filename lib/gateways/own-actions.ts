// isock's own actions (channels, processes, listings) speak isock's protocol: foreign clients have their gateway's words
// for what they do, and do not run them by name.

const ownPrefix = 'isock.'

export function isOwnAction(name: string): boolean {
  return name.startsWith(ownPrefix)
}
