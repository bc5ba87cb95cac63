import { expect, it } from 'vitest'
import { findProgram } from './find-program.ts'

/** Programs of others that the command has to get on with. */
export type Peer = 'docker-registry' | 'nginx' | 'skopeo' | 'script' | 'bash' | 'strace' | 'gpg'

/**
 * Within a suite: tests that need programs of others and are given their paths. Where one is missing they are one skipped
 * test that says so; with CROSSDOCK_REQUIRE_PEERS in the environment it is one that fails.
 */
export function withPeers<Name extends Peer>(
  needs: readonly Name[],
  suite: (paths: Readonly<Record<Name, string>>) => void,
): void {
  const found = needs.map((name) => [name, findProgram(name)] as const)
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name)
  if (missing.length === 0) {
    suite(Object.fromEntries(found) as Record<Name, string>) // every name has its path
    return
  }
  it.skipIf(!arePeersRequired())(`needs ${missing.join(' and ')}, not found on this machine`, () => {
    expect.fail(`CROSSDOCK_REQUIRE_PEERS is set and there is no ${missing.join(', no ')}: install it`)
  })
}

/** Whether a test that cannot run here is a failure. */
export function arePeersRequired(): boolean {
  return (process.env['CROSSDOCK_REQUIRE_PEERS'] ?? '') !== ''
}
