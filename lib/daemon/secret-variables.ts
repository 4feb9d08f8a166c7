// The variables of the environment that give isock itself a secret. What isock starts, and the modules that it runs, have no
// use for them: each program that a module started would get them too, and could pass them on.

/** ISOCK_TOKEN: the clients' token. ISOCK_DATA_URL: a store's URL, password included, for `isock data`. */
const secretVariables: readonly string[] = ['ISOCK_TOKEN', 'ISOCK_DATA_URL']

/** The environment for another process. */
export function withoutSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isSecret(name)))
}

/** Takes them out of this process's own environment, before it runs code of others. Gives what was there. */
export function takeSecrets(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const taken = Object.entries(environment).filter(([name]) => isSecret(name))
  for (const [name] of taken) delete environment[name]
  return Object.fromEntries(taken.map(([name, value]) => [name.toUpperCase(), value]))
}

/** On some systems their case does not matter. */
function isSecret(name: string): boolean {
  return secretVariables.includes(name.toUpperCase())
}
