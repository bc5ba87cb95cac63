// The transport
export { aciDiscoveryTransport } from './transport.ts'
export type { AciDiscoveryTransport, AppReference } from './transport.ts'
export type {
  AciDiscoveryTransportOptions,
  Certificates,
  CertificatesLookup,
  CredentialsLookup,
  CredentialsLookupOptions,
  DiscoveryOptions,
} from './options.ts'

// Where names lead
export { createAciDiscovery } from './discovery.ts'
export type { AciDiscovery } from './discovery.ts'
export type { DiscoverOptions, DiscoveryPage, DiscoveryResult, Endpoint } from './client/discover.ts'
export type { FetchedPage, PageProblem } from './client/fetch-page.ts'
export type { DiscoveryTag } from './client/meta-tags.ts'
export { nothingFound } from './nothing-found.ts'
