// Without a verb the queue is listed.
export { default } from './list.ts';
