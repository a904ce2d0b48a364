package dev.lockstep.spark.transport;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.metrics.Tally;
import dev.lockstep.spark.transport.Message.Place;
import dev.lockstep.yaml.ConfigurationException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.AttributeKey;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.crypto.AuthServerBootstrap;
import org.apache.spark.network.server.NoOpRpcHandler;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.TransportChannelHandler;
import org.apache.spark.network.server.TransportServer;
import org.apache.spark.network.server.TransportServerBootstrap;
import org.apache.spark.network.util.TransportConf;
import org.apache.spark.network.util.TransportFrameDecoder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The coordinator's place on the network: takes part in a {@link SharedMemoryCoordinator} for
 * workers of other JVMs. Listens on the driver's address alone, and to nobody who does not know the
 * run's secret, which is made here and is nowhere but in the {@link Invitation}.
 *
 * <p>Safe for use by many threads.
 */
public final class CoordinatorServer implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(CoordinatorServer.class);
  private static final AttributeKey<WorkerConnection> CONNECTION =
      AttributeKey.valueOf(CoordinatorServer.class, "connection");
  private static final String PORT = "spark.lockstep.port";
  private static final int MOST_PORT = 65535;
  private static final int SECRET_BYTES = 32;

  /** So many peers may be connected that have not authenticated, beside two for each worker. */
  private static final int MOST_STRANGERS = 256;

  /** Spark's own default of {@code spark.port.maxRetries}. */
  private static final int MAX_RETRIES = 16;

  private final SharedMemoryCoordinator coordinator;
  private final WorkerTasks tasks;
  private final Refusals refusals = new Refusals();
  private final Strangers strangers;
  private final Attendance attendance;
  private final Set<WorkerSession> sessions = ConcurrentHashMap.newKeySet();
  private final ExecutorService seats = Executors.newCachedThreadPool(daemons("lockstep-seat"));
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(daemons("lockstep-attendance"));
  private final TransportContext context;
  private final TransportServer server;
  private final Invitation invitation;
  private volatile boolean closing;

  /**
   * Opens a port for the workers of {@code coordinator}.
   *
   * @param conf Spark's, of a running driver: host, encryption, and {@code spark.lockstep.port},
   *     the port; 0, or nothing, for any that is free; if it is taken, the next that is free of
   *     {@code spark.port.maxRetries} after it, as with Spark's own ports
   * @param workerLoss how long to wait for workers
   * @param tasks in which they run
   * @throws ConfigurationException if the port is none, or none can be opened
   */
  public CoordinatorServer(
      SharedMemoryCoordinator coordinator,
      SparkConf conf,
      WorkerLoss workerLoss,
      WorkerTasks tasks) {
    this.coordinator = coordinator;
    this.tasks = tasks;
    this.strangers =
        new Strangers(
            MOST_STRANGERS + 2 * coordinator.workers(),
            channel -> channel.attr(CONNECTION).get().authenticated(),
            refusals);
    this.attendance =
        new Attendance(
            workerLoss, tasks, coordinator::state, System::nanoTime, LOG::warn, coordinator::abort);
    String host = conf.get("spark.driver.host");
    boolean encrypted = conf.getBoolean("spark.network.crypto.enabled", false);
    Invitation unbound =
        new Invitation(host, 0, UUID.randomUUID(), newSecret(), encrypted, workerLoss);
    int threads = Math.min(coordinator.workers(), Runtime.getRuntime().availableProcessors());
    TransportConf transport = Wire.conf(conf, encrypted, workerLoss.workerTimeout(), threads);
    this.context = new GuardedContext(transport, workerLoss.workerTimeout().toSeconds());
    this.server =
        listen(
            conf.get("spark.driver.bindAddress", host),
            port(conf),
            conf.getInt("spark.port.maxRetries", MAX_RETRIES),
            authentication(transport, unbound));
    this.invitation =
        new Invitation(
            host, server.getPort(), unbound.run(), unbound.secret(), encrypted, workerLoss);
    var unused = watch.scheduleWithFixedDelay(this::check, 1, 1, TimeUnit.SECONDS);
    LOG.info("the coordinator of {} waits for {} workers", invitation, coordinator.workers());
  }

  private static int port(SparkConf conf) {
    String written = conf.get(PORT, "0");
    if (!written.matches("\\d{1,5}") || Integer.parseInt(written) > MOST_PORT) {
      throw new ConfigurationException(
          "%s is '%s' but must be a port from 0 to %d; 0 means any that is free"
              .formatted(PORT, written, MOST_PORT));
    }
    return Integer.parseInt(written);
  }

  private TransportServer listen(
      String address, int port, int retries, TransportServerBootstrap bootstrap) {
    int last = port == 0 ? 0 : Math.min(port + retries, MOST_PORT);
    for (int each = port; ; each++) {
      try {
        return context.createServer(address, each, List.of(bootstrap));
      } catch (Exception e) { // Netty throws IOException, which it does not declare.
        if (each == last || !(e instanceof IOException)) {
          context.close();
          throw new ConfigurationException(
              "the coordinator cannot listen on %s, port %s (%s): %s; set it to the first of as many free ports as trainings run at once, or to 0 for any that is free"
                  .formatted(
                      address, last == port ? port : port + " to " + last, PORT, e.getMessage()),
              e);
        }
        LOG.info("port {} of {} is taken: {}; trying the next", each, address, e.getMessage());
      }
    }
  }

  private static String newSecret() {
    byte[] secret = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(secret);
    return Base64.getEncoder().encodeToString(secret);
  }

  private static ThreadFactory daemons(String name) {
    return task -> {
      Thread thread = new Thread(task, name);
      thread.setDaemon(true);
      return thread;
    };
  }

  /** Every connection gets a handler of its own, behind Spark's authentication. */
  private TransportServerBootstrap authentication(TransportConf conf, Invitation secret) {
    AuthServerBootstrap bootstrap = new AuthServerBootstrap(conf, Wire.secret(secret));
    return (channel, shared) -> {
      WorkerConnection connection = new WorkerConnection(this, channel);
      channel.attr(CONNECTION).set(connection);
      RpcHandler authenticating = bootstrap.doBootstrap(channel, connection);
      return new GuardedHandler(authenticating, connection, channel, refusals);
    };
  }

  /** Spark's pipeline with a {@link Gate} before it, and failures told by {@link Refusals}. */
  private final class GuardedContext extends TransportContext {
    private final long secondsToAuthenticate;

    GuardedContext(TransportConf conf, long secondsToAuthenticate) {
      super(conf, new NoOpRpcHandler());
      this.secondsToAuthenticate = secondsToAuthenticate;
    }

    @Override
    public TransportChannelHandler initializePipeline(SocketChannel channel, RpcHandler handler) {
      TransportChannelHandler last = super.initializePipeline(channel, handler);
      WorkerConnection connection = channel.attr(CONNECTION).get();
      channel
          .pipeline()
          .addBefore(
              TransportFrameDecoder.HANDLER_NAME,
              "gate",
              new Gate(connection, longestUpload(), secondsToAuthenticate, strangers, refusals))
          .addBefore("handler", "failures", new Failures());
      return last;
    }
  }

  private long longestUpload() {
    return Math.max(
        coordinator.publishedBytes().remaining(), Tally.encodedLength(coordinator.classes()));
  }

  private final class Failures extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      if (cause instanceof IOException) {
        LOG.debug(
            "connection of {} fails: {}", context.channel().remoteAddress(), cause.toString());
        var unused = context.close();
      } else {
        refusals.refuse(context.channel(), "sent what cannot be read: " + cause.getMessage());
      }
    }
  }

  /** What workers need to join. */
  public Invitation invitation() {
    return invitation;
  }

  /** How often a peer was turned away, or what it sent was dropped. */
  public long refused() {
    return refusals.count();
  }

  Refusals refusals() {
    return refusals;
  }

  UUID run() {
    return invitation.run();
  }

  int workers() {
    return coordinator.workers();
  }

  /** Opens a session for a worker that wants to take its place. */
  WorkerSession open(Place place, TransportClient worker) {
    Runnable kill = () -> seats.execute(() -> disconnect(worker, place));
    WorkerSession session =
        new WorkerSession(
            coordinator,
            place,
            tasks.speculative(place.attempt()),
            new Attendance.Presence(host(worker.getChannel()), place.attempt(), kill),
            worker,
            attendance);
    sessions.add(session);
    seats.execute(session);
    return session;
  }

  /** Takes long where the cluster's manager does not answer. */
  private void disconnect(TransportClient worker, Place place) {
    try {
      worker.close();
      tasks.replace(place.attempt());
    } catch (Throwable e) { // Spark's Scala throws checked exceptions that it does not declare.
      LOG.warn(
          "cannot have the executor of the worker of rank {}, attempt {}, replaced; unless Spark gives it up by itself (spark.network.timeout), the run ends after training.replacementTimeout",
          place.rank(),
          place.attempt(),
          e);
    }
  }

  private static String host(Channel channel) {
    return ((InetSocketAddress) channel.remoteAddress()).getHostString();
  }

  /** The session's connection has ended. */
  void close(WorkerSession session) {
    sessions.remove(session);
    if (!closing && coordinator.failure().isEmpty()) {
      session.lost();
    }
    session.end();
  }

  private void check() {
    try {
      attendance.check();
      coordinator.failure().ifPresent(this::dismiss);
    } catch (Throwable e) { // An executor runs nothing again that has thrown.
      LOG.error("cannot look after the workers", e);
    }
  }

  /** Whoever waits for others has been told already; those who compute have not. */
  private void dismiss(RunAbortedException failure) {
    sessions.removeIf(
        session -> {
          session.abort(failure);
          return true;
        });
  }

  /** Lets the workers go and closes the port. */
  @Override
  public void close() {
    check();
    closing = true;
    watch.shutdownNow();
    server.close();
    seats.shutdownNow();
    context.close();
  }
}
