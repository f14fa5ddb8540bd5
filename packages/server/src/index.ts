export { type LocalStatus, localStatus, stopLocal } from './control.ts';
export type { CreatedOrg } from './keys/create-org.ts';
export { addFileKey } from './keys/kms.ts';
export { type Listen, type Plane, type RunningServer, type ServerOptions, serverVersion, startServer } from './main.ts';
