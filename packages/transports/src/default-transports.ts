import type { ImageTransport } from '@crossdock/core'
import { dockerTransport, type DockerTransportOptions } from '@crossdock/transport-docker'
import { ociDirTransport, type OciDirTransportOptions } from '@crossdock/transport-oci-dir'

/** The options of each built-in transport, under the name of its factory. */
export interface DefaultTransportsOptions {
  readonly docker?: DockerTransportOptions | undefined
  readonly ociDir?: OciDirTransportOptions | undefined
}

/** Every built-in transport, ready for `createTransportRegistry`. */
export function defaultTransports(options: DefaultTransportsOptions = {}): readonly ImageTransport[] {
  return [dockerTransport(options.docker), ociDirTransport(options.ociDir)]
}
