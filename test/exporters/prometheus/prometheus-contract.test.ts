import { describeExporterContract } from '../../helpers/exporter-contract.js';
import { ExporterUnderTest } from '../../helpers/metrics.js';

// A scrape has no queue: what it shows is counted elsewhere, and a batch is done with when it is offered.
describeExporterContract('Prometheus', {
  lacks: ['queue', 'failure'],
  async start() {
    const under = await ExporterUnderTest.start();
    return {
      exporter: under.exporter,
      books: under.words,
      stall() {},
      fail() {},
      recover() {},
      state: () => under.reports.at(-1)!.state,
      dispose: () => under[Symbol.asyncDispose](),
    };
  },
});
