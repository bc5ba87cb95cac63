import { existsSync } from 'node:fs'
import { join, win32 } from 'node:path'
import { type HostEnvironment, readConfigFile } from '@crossdock/config'
import { ImageError, quoteForeign } from '@crossdock/core'

/** Some people have every key of their distribution in it. */
const MAX_KEY_RING_BYTES = 64 * 1024 * 1024

/**
 * Where GnuPG keeps its keys: `GNUPGHOME`, else `.gnupg` in the home folder, on Windows `%APPDATA%\gnupg`. Throws `IO` for a
 * user who has no home folder.
 */
export function gnupgHome({ env, home, platform }: Pick<HostEnvironment, 'env' | 'home' | 'platform'>): string {
  const chosen = env['GNUPGHOME'] ?? ''
  if (chosen !== '') return chosen
  const appData = env['APPDATA'] ?? ''
  if (platform === 'win32' && appData !== '') return win32.join(appData, 'gnupg')
  if (home !== undefined) return join(home, '.gnupg')
  throw new ImageError('IO', 'there is no home folder in which GnuPG has its keys; GNUPGHOME names another one')
}

/**
 * The files of public keys in GnuPG's home, for `readKeyRing`; read without running GnuPG. Throws `IO` if there is none, and
 * `UNSUPPORTED` if GnuPG keeps them in a database.
 */
export async function readGnupgKeyRings(
  home: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly Uint8Array[]> {
  const rings = await Promise.all(
    ['pubring.kbx', 'pubring.gpg'].map((name) =>
      readConfigFile(join(home, name), { signal, limitBytes: MAX_KEY_RING_BYTES }),
    ),
  )
  const found = rings.filter((ring) => ring !== undefined && ring.byteLength > 0)
  if (existsSync(join(home, 'public-keys.d', 'pubring.db'))) {
    throw new ImageError(
      'UNSUPPORTED',
      `GnuPG keeps its keys in a database in ${quoteForeign(home)}, which is not read here; write the key to a file with "gpg --export" and name that`,
    )
  }
  if (found.length > 0) return found.filter((ring) => ring !== undefined)
  throw new ImageError(
    'IO',
    `GnuPG has no public keys in ${quoteForeign(home)}; name a file of the key, as "gpg --export" writes it`,
  )
}
