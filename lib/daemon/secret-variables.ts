// The environment variables that contain secrets for isock itself. Processes that isock starts, and the modules it runs, do
// not need them: every program that a module started would get them too, and could leak them.

/** ISOCK_TOKEN: the clients' token. ISOCK_CREDENTIALS: what clients present to guards. ISOCK_DATA_URL: a store's URL, password included, for `isock data`. */
const secretVariables: readonly string[] = ['ISOCK_TOKEN', 'ISOCK_CREDENTIALS', 'ISOCK_DATA_URL']

/** The environment for another process, without secrets. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isSecret(name)))
}

/** Removes the secrets from this process's own environment, before it runs foreign code, and returns them. */
export function takeSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const taken = Object.entries(environment).filter(([name]) => isSecret(name))
  for (const [name] of taken) delete environment[name]
  return Object.fromEntries(taken.map(([name, value]) => [name.toUpperCase(), value]))
}

/** On some systems, variable names are case-insensitive. */
function isSecret(name: string): boolean {
  return secretVariables.includes(name.toUpperCase())
}
