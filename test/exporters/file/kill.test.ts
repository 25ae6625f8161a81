import { describeKills } from './kill-drill.js';

// As many as there is time for; test/faults has a hundred.
describeKills(12);
