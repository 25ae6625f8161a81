import { status as Status } from '@grpc/grpc-js';
import { AnalyticsReceiver, behaviours, idsOnce } from '../../helpers/analytics-receiver.js';
import { describeExporterContract } from '../../helpers/exporter-contract.js';
import { GrpcUnderTest } from './exporter-harness.js';

describeExporterContract('gRPC', {
  async start(limits) {
    const receiver = await AnalyticsReceiver.start();
    const { exporter, words, reports } = new GrpcUnderTest({ url: receiver.url, ...limits });
    return {
      exporter,
      books: words,
      stall() {
        receiver.behaviour = behaviours.hangs();
      },
      fail() {
        receiver.behaviour = behaviours.refuses(Status.UNAVAILABLE);
      },
      recover: () => receiver.recover(),
      arrived: () => idsOnce(receiver.stats),
      state: () => reports.at(-1)!.state,
      async dispose() {
        await exporter.close(0);
        receiver.kill();
      },
    };
  },
});
