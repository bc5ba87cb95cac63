import { homedir } from 'node:os'

/**
 * What decides where configuration is looked for, as a value: nothing in this package reads the process's own environment, so that a test, or a program
 * that works for somebody else, hands in another.
 */
export interface HostEnvironment {
  /** Environment variables. An empty value counts as none. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's home folder, absolute. Undefined: the user has none, and what would be looked for there is not. */
  readonly home: string | undefined
  readonly platform: NodeJS.Platform
  /** The user's number, 0 for the administrator. Undefined on Windows. */
  readonly uid: number | undefined
  /**
   * A folder that stands for `/` in the built-in absolute paths (`/etc/containers/…`), and in nothing else: not in the home folder, not in
   * paths from variables or from the user. Default: none.
   */
  readonly root?: string | undefined
}

/** The environment of this process. */
export function hostEnvironment(env: HostEnvironment['env'] = process.env): HostEnvironment {
  return { env, home: homeOf(env), platform: process.platform, uid: process.getuid?.() }
}

/** `HOME`, or on Windows `USERPROFILE`; else what the system's list of users says. */
function homeOf(env: HostEnvironment['env']): string | undefined {
  const named = process.platform === 'win32' ? env['USERPROFILE'] : env['HOME']
  if (named !== undefined && named !== '') return named
  try {
    return homedir()
  } catch {
    return undefined // a user without an entry in that list, as in some containers
  }
}
