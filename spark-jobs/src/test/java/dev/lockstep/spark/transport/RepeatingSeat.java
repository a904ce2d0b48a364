package dev.lockstep.spark.transport;

import dev.lockstep.coordinator.Contribution;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.coordinator.SeatShape;
import dev.lockstep.coordinator.ShardTally;
import dev.lockstep.coordinator.WireFormat;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.StepSums;
import dev.lockstep.metrics.Tally;
import dev.lockstep.spark.transport.Message.Contributed;
import dev.lockstep.spark.transport.Message.Evaluated;
import dev.lockstep.spark.transport.Message.Heartbeat;
import dev.lockstep.spark.transport.Message.Place;
import dev.lockstep.spark.transport.Message.Published;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.LongConsumer;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.server.OneForOneStreamManager;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;
import org.apache.spark.network.util.TransportConf;

/**
 * A worker's seat over one connection that, beside what it has to say, hands in again and again,
 * whole and with other numbers, what it has just handed in, and what belonged to earlier rounds.
 */
final class RepeatingSeat implements Seat {
  private final Place place;
  private final int repeats;
  private final LongConsumer repeated;
  private final FloatBuffer published;
  private final List<ByteBuffer> bytes = new ArrayList<>();
  private final List<Contribution> contributions = new ArrayList<>();
  private final ByteBuffer other;
  private final BlockingQueue<Published> said = new LinkedBlockingQueue<>();
  private final TransportContext context;
  private final TransportClientFactory connections;
  private final TransportClient coordinator;

  private Published now;
  private long all;

  /**
   * Takes the place.
   *
   * @param repeats so many repetitions follow each contribution
   * @param repeated is told how many there have been, after each round
   */
  RepeatingSeat(
      Invitation invitation, Place place, SeatShape shape, int repeats, LongConsumer repeated)
      throws IOException, InterruptedException {
    this.place = place;
    this.repeats = repeats;
    this.repeated = repeated;
    this.published = FloatVector.allocate(shape.vectorLength());
    for (int i = 0; i < shape.contributions(); i++) {
      bytes.add(FloatVector.allocateBytes(shape.vectorLength()));
      contributions.add(new Contribution(bytes.get(i).asFloatBuffer(), new StepSums()));
    }
    this.other = FloatVector.allocateBytes(shape.vectorLength());
    while (other.hasRemaining()) {
      other.putFloat(1e6f);
    }
    other.flip();
    TransportConf conf = AbuseTest.conf(invitation);
    this.context = new TransportContext(conf, new Ear());
    this.connections = AbuseTest.connections(context, conf, invitation);
    this.coordinator = connections.createUnmanagedClient(invitation.host(), invitation.port());
    AbuseTest.join(coordinator, invitation, place);
    live();
    now = said.take();
  }

  private void live() {
    coordinator.sendRpcSync(new Message(place, new Heartbeat(0)).encode(), 10_000);
  }

  @Override
  public FloatBuffer published() {
    return published;
  }

  @Override
  public List<Contribution> contributions() {
    return contributions;
  }

  @Override
  public void advanced() {}

  @Override
  public Directive directive() {
    return now.directive();
  }

  @Override
  public Directive push() throws InterruptedException {
    live();
    for (int i = 0; i < contributions.size(); i++) {
      StepSums sums = contributions.get(i).sums();
      upload(
          new Contributed(now.round(), i, sums.loss(), sums.hits(), sums.examples(), 0),
          bytes.get(i).duplicate());
      for (int again = 0; again < repeats; again++) {
        long round = Math.max(0, now.round() - again % 3);
        upload(new Contributed(round, i, 1e6, 1, 1, 0), other.duplicate());
      }
    }
    all += (long) repeats * contributions.size();
    repeated.accept(all);
    now = said.take();
    return now.directive();
  }

  @Override
  public Directive push(List<ShardTally> tallies) throws InterruptedException {
    for (ShardTally each : tallies) {
      ByteBuffer tally =
          ByteBuffer.allocate(Tally.encodedLength(each.tally().classes()))
              .order(ByteOrder.LITTLE_ENDIAN);
      each.tally().encode(tally);
      upload(new Evaluated(now.round(), each.shard()), tally.flip());
    }
    now = said.take();
    return now.directive();
  }

  private void upload(Message.Content content, ByteBuffer body) {
    Wire.upload(coordinator, new Message(place, content), body);
  }

  @Override
  public void close() {
    coordinator.close();
    connections.close();
    context.close();
  }

  /** What the coordinator says. */
  private final class Ear extends RpcHandler {
    @Override
    public StreamCallbackWithID receiveStream(
        TransportClient client, ByteBuffer head, RpcResponseCallback reply) {
      Published next = (Published) Message.decode(head).content();
      return next.directive() instanceof Finish
          ? new Reception.OfBytes(0, objection -> {}, none -> said.add(next))
          : new Reception.OfVector(
              published, WireFormat.FLOAT32, objection -> {}, floats -> {}, () -> said.add(next));
    }

    @Override
    public void receive(TransportClient client, ByteBuffer request, RpcResponseCallback reply) {}

    @Override
    public StreamManager getStreamManager() {
      return new OneForOneStreamManager();
    }
  }
}
