import type { OptionsResult, TransportPlugin } from '@crossdock/core'
import { checkOptions, type OciDirTransportOptions } from './options.ts'
import { ociDirTransport, type OciDirTransport } from './transport.ts'

/** What the command loads by this package's name. */
export const plugin: TransportPlugin<OciDirTransportOptions, OciDirTransport> = {
  name: 'oci',
  options: { '~standard': { version: 1, vendor: '@crossdock/transport-oci-dir', validate } },
  create: ociDirTransport,
}

function validate(value: unknown): OptionsResult<OciDirTransportOptions> {
  const checked = checkOptions(value ?? {})
  return 'problem' in checked
    ? { issues: [{ message: checked.problem, path: checked.path }] }
    : { value: checked.options }
}
