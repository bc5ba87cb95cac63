import { type Command, Option } from 'commander'
import { addCredentialsFlags } from './credentials-flags.ts'
import { booleanFlag, duration, wholeNumber } from './flags.ts'

/** The prefix of a side's flags; none where a command has one image only. */
export type EndpointPrefix = '' | 'src' | 'dest'

/** Adds the flags of one side to a command: how to reach its registry or engine, or read its folder. */
export function addEndpointFlags(command: Command, prefix: EndpointPrefix): Command {
  const { of, dashed } = sideOf(prefix)
  return addTlsFlags(addCredentialsFlags(command, prefix), prefix)
    .addOption(
      new Option(`${dashed}daemon-host <host>`, `Docker Engine of ${of} (default: DOCKER_HOST, or this machine's)`),
    )
    .addOption(
      new Option(`${dashed}shared-blob-dir <folder>`, `folder with the blobs of ${of}, where oci: folders share them`),
    )
}

/** Those about the certificates of a registry or engine. */
export function addTlsFlags(command: Command, prefix: EndpointPrefix): Command {
  const { of, dashed } = sideOf(prefix)
  return command
    .addOption(
      new Option(
        `${dashed}cert-dir <folder>`,
        `certificates for the registry of ${of}: authorities in *.crt, the client's own in *.cert and *.key; for a Docker Engine ca.pem, cert.pem and key.pem`,
      ),
    )
    .addOption(
      new Option(
        `${dashed}tls-verify <boolean>`,
        `whether the registry of ${of} must speak https with a valid certificate, or its engine have one (default: true, but plain http is spoken at localhost)`,
      ).argParser(booleanFlag),
    )
}

function sideOf(prefix: EndpointPrefix): { readonly of: string; readonly dashed: string } {
  const of = { '': 'the image', src: 'the source', dest: 'the destination' }[prefix]
  return { of, dashed: prefix === '' ? '--' : `--${prefix}-` }
}

/** The flags about trying again. */
export function addRetryFlags(command: Command): Command {
  return command
    .option(
      '--retry-times <n>',
      'how often a request, and a blob that does not move, is tried again (default 3)',
      wholeNumber(0),
    )
    .option('--retry-delay <duration>', 'pause before that (default 500ms, twice as long each time)', duration)
}

/** What commander makes of `--src-tls-verify`: `srcTlsVerify`. */
export function flagName(prefix: EndpointPrefix, name: string): string {
  return prefix === '' ? name : prefix + name.slice(0, 1).toUpperCase() + name.slice(1)
}
