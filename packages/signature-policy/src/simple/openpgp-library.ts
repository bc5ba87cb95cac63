import type * as OpenPgp from 'openpgp'

/** The library is large: it is loaded when there is something to verify or to sign. */
export async function loadOpenPgp(): Promise<typeof OpenPgp> {
  return import('openpgp')
}
