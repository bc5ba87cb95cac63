import type { Command } from 'commander'

/** The flags that say who signs what is written, and what for. */
export function addSigningFlags(command: Command): Command {
  return command
    .option('--sign-by <fingerprint>', 'sign with this key of GnuPG')
    .option('--sign-key <file>', 'sign with an OpenPGP key of this file, as "gpg --export-secret-keys" writes it')
    .option(
      '--sign-by-sigstore-private-key <file>',
      'sign as cosign does, with a key as "crossdock generate-sigstore-key" makes it',
    )
    .option(
      '--sign-by-sigstore <file>',
      'the same, as a file of parameters says (containers-sigstore-signing-params(5))',
    )
    .option('--sign-passphrase-file <file>', 'take the passphrase of the key from the first line of this file')
    .option('--sign-identity <name>', 'what signatures vouch for, such as example.com/app:1 (default: the destination)')
}
