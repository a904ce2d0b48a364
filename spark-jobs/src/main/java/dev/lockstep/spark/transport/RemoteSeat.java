package dev.lockstep.spark.transport;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.Contribution;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.FencedException;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.coordinator.SeatShape;
import dev.lockstep.coordinator.ShardTally;
import dev.lockstep.coordinator.WireFormat;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.StepSums;
import dev.lockstep.metrics.Tally;
import dev.lockstep.spark.transport.Message.Aborted;
import dev.lockstep.spark.transport.Message.Content;
import dev.lockstep.spark.transport.Message.Contributed;
import dev.lockstep.spark.transport.Message.Evaluated;
import dev.lockstep.spark.transport.Message.Fenced;
import dev.lockstep.spark.transport.Message.Heartbeat;
import dev.lockstep.spark.transport.Message.Join;
import dev.lockstep.spark.transport.Message.Place;
import dev.lockstep.spark.transport.Message.Published;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.spark.SparkConf;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.crypto.AuthClientBootstrap;
import org.apache.spark.network.server.OneForOneStreamManager;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;
import org.apache.spark.network.server.TransportChannelHandler;
import org.apache.spark.network.util.TransportConf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's seat at a coordinator in another JVM. What is published is received straight into the
 * worker's copy, and the contributions are sent from the memory that the engine writes, unless they
 * are rounded on the way.
 */
final class RemoteSeat implements Seat {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteSeat.class);
  private static final long RETRY_MILLIS = 250;

  private final Invitation invitation;
  private final Duration timeout;
  private final Place place;
  private final WireFormat wire;
  private final FloatBuffer published;
  private final List<ByteBuffer> sentBytes = new ArrayList<>();
  private final List<Contribution> contributions = new ArrayList<>();
  private final TransportContext context;
  private final TransportClientFactory connections;

  /** What the channel's thread has to say to the worker's: the next directive, or an error. */
  private final BlockingQueue<Supplier<Directive>> events = new LinkedBlockingQueue<>();

  private final AtomicLong advances = new AtomicLong();

  /** Null while there is no connection that is more than tried. */
  private volatile TransportClient coordinator;

  /** Whether the coordinator has answered who asked for a place. */
  private volatile boolean answered;

  private Directive directive;
  private long round;

  /** When this worker learned what to do. */
  private long told;

  private boolean patienceSaid;
  private volatile long heard = System.nanoTime();

  RemoteSeat(Invitation invitation, Place place, SeatShape shape, WireFormat wire, SparkConf conf) {
    this.invitation = invitation;
    this.timeout = invitation.workerLoss().workerTimeout();
    this.place = place;
    this.wire = wire;
    this.published = FloatVector.allocate(shape.vectorLength());
    for (int i = 0; i < shape.contributions(); i++) {
      ByteBuffer bytes = FloatVector.allocateBytes(shape.vectorLength());
      sentBytes.add(
          wire == WireFormat.FLOAT32
              ? bytes
              : ByteBuffer.allocateDirect(shape.vectorLength() * Bfloat16.BYTES));
      contributions.add(new Contribution(bytes.asFloatBuffer(), new StepSums()));
    }
    TransportConf transport = Wire.conf(conf, invitation.encrypted(), timeout, 1);
    this.context = new HearingContext(transport);
    this.connections =
        context.createClientFactory(
            List.of(
                new AuthClientBootstrap(
                    transport, invitation.run().toString(), Wire.secret(invitation))));
  }

  /**
   * Connects, takes the place, and learns what to do first. A connection that ends before the
   * coordinator has answered is tried again: it may have made room for others.
   */
  void join() throws InterruptedException {
    long started = System.nanoTime();
    patienceSaid = false;
    while (true) {
      TransportClient connection = connect(started);
      events.clear();
      coordinator = connection;
      byte[] nonce = Wire.newNonce();
      Join join = new Join(HexFormat.of().formatHex(nonce));
      connection.sendRpc(message(join).encode(), new Joined(nonce, connection));
      try {
        await();
        return;
      } catch (CoordinatorLostException e) {
        if (answered || since(started).compareTo(timeout) > 0) {
          throw e;
        }
        sayPatience(
            since(started),
            "it turns this worker away, which gives up in %d s"
                .formatted(timeout.minus(since(started)).toSeconds()));
        coordinator = null;
        connection.close();
        Thread.sleep(RETRY_MILLIS);
      }
    }
  }

  private static Duration since(long nanos) {
    return Duration.ofNanos(System.nanoTime() - nanos);
  }

  private TransportClient connect(long started) throws InterruptedException {
    while (true) {
      try {
        return connections.createUnmanagedClient(invitation.host(), invitation.port());
      } catch (IOException | RuntimeException e) {
        boolean cut = e instanceof RuntimeException && e.getCause() instanceof IOException;
        if (e instanceof RuntimeException && !cut && !(e.getCause() instanceof TimeoutException)) {
          throw lost("has turned this worker away: " + e.getMessage(), e);
        }
        Duration tried = since(started);
        if (tried.compareTo(timeout) > 0) {
          throw lost(
              (cut
                      ? "turns this worker away, and did so at the last try, after %d s (training.workerTimeout)"
                      : "cannot be reached within %d s (training.workerTimeout)")
                  .formatted(timeout.toSeconds()),
              e);
        }
        sayPatience(
            tried,
            "it %s (%s), and this worker gives up in %d s"
                .formatted(
                    cut ? "turns this worker away" : "cannot be reached",
                    e.getMessage(),
                    timeout.minus(tried).toSeconds()));
        Thread.sleep(RETRY_MILLIS);
      }
    }
  }

  /** On the channel's thread, until that ends, and never before the ciphers are changed. */
  private void startHeartbeats() {
    long interval = invitation.workerLoss().heartbeatInterval().toMillis();
    var unused =
        coordinator
            .getChannel()
            .eventLoop()
            .scheduleAtFixedRate(this::sendHeartbeat, 0, interval, TimeUnit.MILLISECONDS);
  }

  private void sendHeartbeat() {
    if (coordinator.isActive()) {
      coordinator.sendRpc(message(new Heartbeat(advances.get())).encode(), new HeardCallback());
    }
  }

  private Message message(Content content) {
    return new Message(place, content);
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
  public void advanced() {
    advances.incrementAndGet();
  }

  @Override
  public Directive directive() {
    return directive;
  }

  @Override
  public Directive push() throws InterruptedException {
    patienceSaid = false;
    long computed = System.nanoTime() - told;
    for (int i = 0; i < contributions.size(); i++) {
      StepSums sums = contributions.get(i).sums();
      if (wire == WireFormat.BFLOAT16) {
        Bfloat16.encode(contributions.get(i).vector(), sentBytes.get(i));
      }
      Message head =
          message(new Contributed(round, i, sums.loss(), sums.hits(), sums.examples(), computed));
      Wire.upload(coordinator, head, sentBytes.get(i).duplicate());
    }
    return await();
  }

  @Override
  public Directive push(List<ShardTally> tallies) throws InterruptedException {
    patienceSaid = false;
    for (ShardTally each : tallies) {
      ByteBuffer bytes =
          ByteBuffer.allocate(Tally.encodedLength(each.tally().classes()))
              .order(ByteOrder.LITTLE_ENDIAN);
      each.tally().encode(bytes);
      Wire.upload(coordinator, message(new Evaluated(round, each.shard())), bytes.flip());
    }
    return await();
  }

  private Directive await() throws InterruptedException {
    long started = System.nanoTime();
    while (true) {
      Supplier<Directive> event = events.poll(1, TimeUnit.SECONDS);
      if (event != null) {
        directive = event.get();
        told = System.nanoTime();
        return directive;
      }
      Duration silence = since(heard);
      if (silence.compareTo(timeout) > 0) {
        throw lost(
            "has not sent a byte for %d s (training.workerTimeout)".formatted(silence.toSeconds()),
            null);
      }
      sayPatience(
          since(started),
          "%s; this worker waits as long as the coordinator lives, and gives up after %d s without a byte from it"
              .formatted(missing(), timeout.toSeconds()));
    }
  }

  private String missing() {
    return directive == null
        ? "it has not given this worker its place"
        : "the others have not finished round " + round;
  }

  private void sayPatience(Duration waited, String reason) {
    if (waited.compareTo(WorkerLoss.patience(timeout)) > 0 && !patienceSaid) {
      patienceSaid = true;
      LOG.warn(
          "worker of rank {}, attempt {}, waits since {} s for the coordinator at {}: {}",
          place.rank(),
          place.attempt(),
          waited.toSeconds(),
          invitation.address(),
          reason);
    }
  }

  private CoordinatorLostException lost(String how, Throwable cause) {
    return new CoordinatorLostException(
        "coordinator at %s is gone for the worker of rank %d, attempt %d: it %s"
            .formatted(invitation.address(), place.rank(), place.attempt(), how),
        cause);
  }

  private void fail(RuntimeException error) {
    events.add(
        () -> {
          throw error;
        });
  }

  @Override
  public void close() {
    if (coordinator != null) {
      coordinator.close();
    }
    connections.close();
    context.close();
  }

  /** Spark's pipeline, which notes before all else that something has come. */
  private final class HearingContext extends TransportContext {
    HearingContext(TransportConf conf) {
      super(conf, new Ear(), false, true);
    }

    @Override
    public TransportChannelHandler initializePipeline(SocketChannel channel) {
      TransportChannelHandler last = super.initializePipeline(channel);
      channel.pipeline().addFirst(new Hearing());
      return last;
    }
  }

  private final class Hearing extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext channel, Object bytes) {
      heard = System.nanoTime();
      channel.fireChannelRead(bytes);
    }
  }

  /** Goes on with the ciphers that both ends now know. */
  private final class Joined implements RpcResponseCallback {
    private final byte[] nonce;
    private final TransportClient connection;

    Joined(byte[] nonce, TransportClient connection) {
      this.nonce = nonce;
      this.connection = connection;
    }

    @Override
    public void onSuccess(ByteBuffer response) {
      answered = true;
      if (invitation.encrypted()) {
        byte[] ofCoordinator = new byte[response.remaining()];
        response.get(ofCoordinator);
        SealedRecords.start(
            connection.getChannel(), SealedRecords.End.WORKER, invitation, nonce, ofCoordinator);
      }
      startHeartbeats();
    }

    @Override
    public void onFailure(Throwable e) {
      if (connection == coordinator) {
        fail(lost("has turned this worker away: " + e.getMessage(), e));
      }
    }
  }

  /** For what needs no answer but that there is one. */
  private static final class HeardCallback implements RpcResponseCallback {
    @Override
    public void onSuccess(ByteBuffer response) {}

    @Override
    public void onFailure(Throwable e) {}
  }

  /** What the coordinator says. Belongs to the channel's thread. */
  private final class Ear extends RpcHandler {
    @Override
    public StreamCallbackWithID receiveStream(
        TransportClient client, ByteBuffer head, RpcResponseCallback reply) {
      if (!(Message.decode(head).content() instanceof Published said)) {
        throw new IllegalArgumentException("only what is published comes with data");
      }
      Supplier<Directive> next =
          () -> {
            round = said.round();
            return said.directive();
          };
      return said.directive() instanceof Finish
          ? new Reception.OfBytes(0, this::object, none -> events.add(next))
          : new Reception.OfVector(
              published, WireFormat.FLOAT32, this::object, floats -> {}, () -> events.add(next));
    }

    private void object(String reason) {
      fail(lost("and this worker do not fit together: " + reason, null));
      coordinator.close();
    }

    @Override
    public void receive(TransportClient client, ByteBuffer farewell) {
      Content content = Message.decode(farewell).content();
      if (content instanceof Fenced fenced) {
        fail(new FencedException(place.rank(), place.attempt(), fenced.current()));
      } else if (content instanceof Aborted aborted) {
        fail(new RunAbortedException(new IllegalStateException(aborted.reason())));
      }
    }

    @Override
    public void receive(TransportClient client, ByteBuffer request, RpcResponseCallback reply) {
      throw new IllegalArgumentException("the coordinator asks nothing");
    }

    @Override
    public void channelInactive(TransportClient client) {
      TransportClient current = coordinator;
      if (current != null && client.getChannel() == current.getChannel()) {
        fail(lost("has closed the connection", null));
      }
    }

    @Override
    public StreamManager getStreamManager() {
      return new OneForOneStreamManager();
    }
  }
}
