export type { Actor, AuditEvent } from './record/event.ts';
