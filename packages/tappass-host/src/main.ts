#!/usr/bin/env node
import { nodeIsNewEnough } from '@tappass/cli-kit/node-version';

// Nothing else may be loaded before the answer.
if (nodeIsNewEnough('tappass-host')) await import('./program.ts');
