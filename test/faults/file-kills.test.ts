import { describeKills } from '../exporters/file/kill-drill.js';

describeKills(100);
