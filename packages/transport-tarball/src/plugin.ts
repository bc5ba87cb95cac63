import type { TransportPlugin } from '@crossdock/core'
import { aciTransport, type AciTransport } from './aci/transport.ts'
import { dockerArchiveTransport, type DockerArchiveTransport } from './docker-archive/transport.ts'
import { ociArchiveTransport, type OciArchiveTransport } from './oci-archive/transport.ts'
import {
  aciDefinition,
  type AciTransportOptions,
  type ArchiveTransportOptions,
  dockerArchiveDefinition,
  ociArchiveDefinition,
  tarballDefinition,
  type TarballTransportOptions,
} from './options.ts'
import { tarballTransport, type TarballTransport } from './tarball/transport.ts'

/** What the command loads by this package's name, for each of its transports. */
export const dockerArchivePlugin: TransportPlugin<ArchiveTransportOptions, DockerArchiveTransport> = {
  name: 'docker-archive',
  options: dockerArchiveDefinition.schema,
  create: dockerArchiveTransport,
}

export const ociArchivePlugin: TransportPlugin<ArchiveTransportOptions, OciArchiveTransport> = {
  name: 'oci-archive',
  options: ociArchiveDefinition.schema,
  create: ociArchiveTransport,
}

export const tarballPlugin: TransportPlugin<TarballTransportOptions, TarballTransport> = {
  name: 'tarball',
  options: tarballDefinition.schema,
  create: tarballTransport,
}

export const aciPlugin: TransportPlugin<AciTransportOptions, AciTransport> = {
  name: 'aci',
  options: aciDefinition.schema,
  create: aciTransport,
}
