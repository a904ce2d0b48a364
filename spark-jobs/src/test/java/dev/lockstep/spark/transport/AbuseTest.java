package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.coordinator.SeatShape;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.transport.Message.Contributed;
import dev.lockstep.spark.transport.Message.Heartbeat;
import dev.lockstep.spark.transport.Message.Join;
import dev.lockstep.spark.transport.Message.Place;
import dev.lockstep.worker.Worker;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
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
import org.apache.spark.network.util.TransportConf;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What strangers, and peers that know the secret, can do to a coordinator: nothing. */
@Timeout(120)
class AbuseTest {
  private static final String SETTINGS = "epochs: 6, optimizer: adam";

  /** Of 300 examples in batches of 23, six times. */
  private static final int ROUNDS = 6 * 14;

  private static float[] unharmed;

  private final SmallTraining training = SmallTraining.of(SETTINGS, Dl4jEngine::new, 2);

  private CoordinatorServer serve(SharedMemoryCoordinator coordinator) {
    return serve(coordinator, false);
  }

  private CoordinatorServer serve(SharedMemoryCoordinator coordinator, boolean encrypted) {
    return training.serve(coordinator, conf(encrypted));
  }

  private static SparkConf conf(boolean encrypted) {
    return SmallTraining.conf().set("spark.network.crypto.enabled", Boolean.toString(encrypted));
  }

  @ParameterizedTest
  @CsvSource({"false, 10000", "true, 2000"})
  void manyMessagesOfStrangersLeaveTheTrainingUnharmed(boolean encrypted, int attacks)
      throws Exception {
    SharedMemoryCoordinator coordinator = training.coordinator();
    try (CoordinatorServer server = serve(coordinator, encrypted);
        LogLines log = LogLines.open()) {
      Seat first = training.remote(server.invitation()).join(0, 0);
      first.close();

      attack(server.invitation(), attacks / 4);
      long before = memory();
      attack(server.invitation(), attacks / 4);
      // The server's threads still close the last connections.
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() -> assertThat(memory() - before).isLessThan(4 << 20));
      CompletableFuture<Void> attacking =
          CompletableFuture.runAsync(() -> attack(server.invitation(), attacks / 2));
      training.runFrom(training.remote(server.invitation()), 1);
      attacking.get(60, TimeUnit.SECONDS);

      assertThat(coordinator.result().parameters()).isEqualTo(unharmed());
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(
              () ->
                  assertThat(server.refused())
                      .as("all but those that are cut off, and some that made room for others")
                      .isGreaterThanOrEqualTo(attacks / 5 * 4));
      assertThat(log.with("refused"))
          .singleElement()
          .asString()
          .startsWith("refused 127.0.0.1: ")
          .endsWith("; further refusals of this peer are not logged");
    }
  }

  /** Bytes on the heap and outside it that nobody can give back. */
  private static long memory() {
    System.gc();
    long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    long direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum();
    return heap + direct + PlatformDependent.usedDirectMemory();
  }

  /** Random bytes, oversized frames, frames of other types, cut-off and replayed messages. */
  private static void attack(Invitation invitation, int times) {
    CounterRandom random = new CounterRandom(times);
    byte[] replayed =
        new Message(new Place(invitation.run(), 0, 0), new Contributed(0, 0, 0, 0, 0, 0))
            .encode()
            .array();
    for (int i = 0; i < times; i++) {
      ByteBuffer bytes = ByteBuffer.allocate(128);
      switch (i % 5) {
        case 0 -> {
          while (bytes.hasRemaining()) {
            bytes.put((byte) random.nextInt(256));
          }
        }
        case 1 -> bytes.putLong(1L << 40).put((byte) 3);
        case 2 -> message(bytes, Long.BYTES, 10, replayed).putLong(9);
        case 3 -> bytes.putLong(64).put((byte) 3).putLong(1).putInt(43).putInt(i);
        default -> message(bytes, 0, 3, replayed);
      }
      try (Socket socket = new Socket(invitation.host(), invitation.port())) {
        socket.getOutputStream().write(bytes.array(), 0, bytes.position());
      } catch (IOException e) {
        // Turned away before all was written.
      }
    }
  }

  /** Spark's frame of one message of this type, with {@code more} bytes to come after it. */
  private static ByteBuffer message(ByteBuffer bytes, int more, int type, byte[] content) {
    int length = Long.BYTES + 1 + Long.BYTES + Integer.BYTES + content.length + more;
    return bytes.putLong(length).put((byte) type).putLong(1).putInt(content.length).put(content);
  }

  @ParameterizedTest
  @CsvSource({"false, 10000", "true, 2000"})
  void aSeatedWorkerThatSaysAllAgainLeavesTheTrainingUnharmed(boolean encrypted, int replays)
      throws Exception {
    SmallTraining exact = SmallTraining.of(SETTINGS + ", microBatches: 8", Dl4jEngine::new, 3);
    SharedMemoryCoordinator coordinator = exact.coordinator();
    SeatShape shape = SeatShape.of(exact.configuration().plan(), exact.network(), 1, 3);
    assertThat(shape.contributions()).isGreaterThan(1);
    long[] counted = new long[2];
    try (CoordinatorServer server = exact.serve(coordinator, conf(encrypted))) {
      Invitation invitation = server.invitation();
      ExecutorService others = Executors.newFixedThreadPool(2);
      for (int rank : new int[] {0, 2}) {
        Worker other = exact.worker(rank);
        others.execute(() -> SmallTraining.run(other, exact.remote(invitation)));
      }
      SmallTraining.run(
          exact.worker(1),
          (rank, attempt) ->
              repeating(
                  invitation,
                  new Place(invitation.run(), rank, attempt),
                  shape,
                  replays / (shape.contributions() * ROUNDS) + 1,
                  all -> {
                    counted[0] = all;
                    if (counted[1] == 0 && all > replays / 4) {
                      counted[1] = memory();
                    }
                  }));
      others.shutdown();
      assertThat(others.awaitTermination(60, TimeUnit.SECONDS)).isTrue();

      assertThat(coordinator.result().parameters()).isEqualTo(exact.here().parameters());
      assertThat(counted[0]).isGreaterThan(replays);
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() -> assertThat(memory() - counted[1]).isLessThan(4 << 20));
      assertThat(server.refused()).as("each dropped").isEqualTo(counted[0]);
    }
  }

  private static Seat repeating(
      Invitation invitation, Place place, SeatShape shape, int repeats, LongConsumer repeated)
      throws InterruptedException {
    try {
      return new RepeatingSeat(invitation, place, shape, repeats, repeated);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @CsvSource({"false, 2000", "true, 400"})
  void replaysByAPeerThatKnowsTheSecretLeaveTheTrainingUnharmed(boolean encrypted, int replays)
      throws Exception {
    SharedMemoryCoordinator coordinator = training.coordinator();
    try (CoordinatorServer server = serve(coordinator, encrypted)) {
      training.remote(server.invitation()).join(0, 0).close();
      replay(server.invitation(), replays / 2);
      long before = memory();
      replay(server.invitation(), replays / 4);
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() -> assertThat(memory() - before).isLessThan(4 << 20));
      CompletableFuture<Void> replaying =
          CompletableFuture.runAsync(() -> replay(server.invitation(), replays / 4));
      training.runFrom(training.remote(server.invitation()), 1);
      replaying.get(60, TimeUnit.SECONDS);

      assertThat(coordinator.result().parameters()).isEqualTo(unharmed());
    }
  }

  /** Says again, each time over a new connection, what an attempt said that has gone. */
  private static void replay(Invitation invitation, int times) {
    Place gone = new Place(invitation.run(), 0, 0);
    TransportConf conf = conf(invitation);
    try (TransportContext context = new TransportContext(conf, new Deaf());
        TransportClientFactory connections = connections(context, conf, invitation)) {
      for (int i = 0; i < times; i++) {
        TransportClient client =
            connections.createUnmanagedClient(invitation.host(), invitation.port());
        try {
          if (i % 2 == 0) {
            join(client, invitation, gone);
          }
          Wire.upload(client, contributed(gone, 0, 0), ByteBuffer.allocate(64));
        } catch (RuntimeException e) {
          // Turned away at the door.
        }
        Awaitility.await()
            .pollDelay(Duration.ZERO)
            .pollInterval(Duration.ofMillis(1))
            .until(() -> !client.isActive());
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Asks for a place, and goes on with the ciphers of whoever has it. */
  static void join(TransportClient client, Invitation invitation, Place place)
      throws InterruptedException {
    Message join = new Message(place, new Join("00".repeat(Join.NONCE)));
    byte[] nonce = new byte[Join.NONCE];
    client.sendRpcSync(join.encode(), 10_000).get(nonce);
    if (invitation.encrypted()) {
      client
          .getChannel()
          .eventLoop()
          .submit(
              () ->
                  SealedRecords.start(
                      client.getChannel(),
                      SealedRecords.End.WORKER,
                      invitation,
                      new byte[Join.NONCE],
                      nonce))
          .sync();
    }
  }

  static TransportConf conf(Invitation invitation) {
    return Wire.conf(
        SmallTraining.conf(), invitation.encrypted(), invitation.workerLoss().workerTimeout(), 1);
  }

  static TransportClientFactory connections(
      TransportContext context, TransportConf conf, Invitation invitation) {
    return context.createClientFactory(
        List.of(
            new AuthClientBootstrap(conf, invitation.run().toString(), Wire.secret(invitation))));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoDoesNotKnowTheSecretIsTurnedAwayAndLoggedOnce(boolean encryptedServer) {
    SmallTraining hasty = SmallTraining.of("epochs: 1, workerTimeout: 1", Dl4jEngine::new, 2);
    try (CoordinatorServer server = hasty.serve(hasty.coordinator(), conf(encryptedServer));
        LogLines log = LogLines.open()) {
      for (boolean encrypted : new boolean[] {false, true}) {
        Invitation real = server.invitation();
        Invitation guessed =
            new Invitation(
                real.host(), real.port(), real.run(), "guessed", encrypted, real.workerLoss());

        assertThatThrownBy(() -> hasty.remote(guessed).join(0, 0))
            .isInstanceOf(CoordinatorLostException.class)
            .hasMessageContaining(
                "it turns this worker away, and did so at the last try, after 1 s (training.workerTimeout)");
      }
      assertThat(server.refused()).isGreaterThanOrEqualTo(2);
      assertThat(log.with("refused"))
          .containsExactly(
              "refused 127.0.0.1: does not know the secret of this run; the connection is closed;"
                  + " further refusals of this peer are not logged");
    }
  }

  @Test
  void whoConnectsAndSaysNothingIsTurnedAwayInTime() throws Exception {
    SmallTraining hasty = SmallTraining.of("epochs: 1, workerTimeout: 1", Dl4jEngine::new, 2);
    try (CoordinatorServer server = hasty.serve(hasty.coordinator(), SmallTraining.conf());
        LogLines log = LogLines.open();
        Socket mute = new Socket("127.0.0.1", server.invitation().port())) {
      assertThat(mute.getInputStream().read()).isEqualTo(-1);

      assertThat(log.with("refused"))
          .singleElement()
          .asString()
          .startsWith("refused 127.0.0.1: did not authenticate within 1 seconds");
    }
  }

  @Test
  void aWorkerThatHasItsPlaceOutlastsACrowdThatBeginsToSpeak() throws Exception {
    SharedMemoryCoordinator coordinator = training.coordinator();
    Deque<Socket> crowd = new ArrayDeque<>();
    try (CoordinatorServer server = serve(coordinator);
        Seat first = training.remote(server.invitation()).join(0, 0)) {
      for (int i = 0; i < 300; i++) {
        crowd.add(speaker(server.invitation().port()));
      }
      Awaitility.await().until(() -> server.refused() >= 300 - 260);
      try (Seat second = training.remote(server.invitation()).join(1, 0)) {
        first.contributions().get(0).sums().set(1, 1, 12);
        second.contributions().get(0).sums().set(1, 1, 11);
        CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> push(first));

        assertThat(second.push()).isEqualTo(new ComputeGradient(0, 1, 1));

        waiting.get(20, TimeUnit.SECONDS);
        assertThat(first.directive()).isEqualTo(new ComputeGradient(0, 1, 1));
      }
    } finally {
      crowd.forEach(AbuseTest::close);
    }
  }

  @Test
  void whoHasBegunToSpeakOutlastsACrowdThatSaysNothing() throws Exception {
    Deque<Socket> crowd = new ArrayDeque<>();
    try (CoordinatorServer server = serve(training.coordinator());
        Socket speaker = speaker(server.invitation().port())) {
      training.remote(server.invitation()).join(0, 0).close(); // By now it has been heard.
      for (int i = 0; i < 300; i++) {
        crowd.add(new Socket("127.0.0.1", server.invitation().port()));
      }
      Awaitility.await().until(() -> server.refused() > 300 - 260);

      speaker.setSoTimeout(500);
      assertThatThrownBy(() -> speaker.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);
    } finally {
      crowd.forEach(AbuseTest::close);
    }
  }

  /** Sends the head of a frame that a worker could begin with. */
  private static Socket speaker(int port) throws IOException {
    Socket socket = new Socket("127.0.0.1", port);
    socket.getOutputStream().write(ByteBuffer.allocate(9).putLong(64).put((byte) 3).array());
    return socket;
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void manyWhoKeepConnectingKeepNoWorkerOut(boolean encrypted) throws Exception {
    try (CoordinatorServer server = serve(training.coordinator(), encrypted)) {
      AtomicBoolean over = new AtomicBoolean();
      CompletableFuture<Void> flooding =
          CompletableFuture.runAsync(() -> flood(server.invitation().port(), over));
      try {
        Awaitility.await().until(() -> server.refused() > 0);
        for (int attempt = 0; attempt < 10; attempt++) {
          training.remote(server.invitation()).join(attempt % 2, attempt).close();
        }
      } finally {
        over.set(true);
        flooding.get(20, TimeUnit.SECONDS);
      }
    }
  }

  /** Has 600 connections at a time, and is never content with them. */
  private static void flood(int port, AtomicBoolean over) {
    Deque<Socket> mute = new ArrayDeque<>();
    try {
      while (!over.get()) {
        mute.add(new Socket("127.0.0.1", port));
        if (mute.size() > 600) {
          mute.remove().close();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      mute.forEach(AbuseTest::close);
    }
  }

  /** The parameters of a training that nobody disturbs. */
  private float[] unharmed() {
    if (unharmed == null) {
      unharmed = training.here().parameters();
    }
    return unharmed;
  }

  /** What a peer that knows the secret says wrongly, and what of it is logged. */
  private enum Wrong {
    RUN("wanted to join run ", place -> new Place(UUID.randomUUID(), 0, 3)),
    RANK("wanted to join as rank 2 of a gang of 2", place -> new Place(place.run(), 2, 3)),
    NO_RANK("wanted to join as rank -1 of a gang of 2", place -> new Place(place.run(), -1, 3)),
    SHORT("a vector has %d numbers but must have %d", place -> contributed(place, 0, 0), -4),
    LONG(
        "sent an upload of %3$d bytes, where %4$d is the most",
        place -> contributed(place, 0, 0), 4),
    OVERSIZED("sent an upload of ", place -> contributed(place, 0, 0), 1 << 24),
    ROUND(
        "a contribution to round 1 came, but what is wanted in round 0 is the gradient of batch 1",
        place -> contributed(place, 1, 0),
        0),
    INDEX("contribution 1 does not exist among 1", place -> contributed(place, 0, 1), 0),
    ANOTHERS(
        "sent what is out of place",
        place -> contributed(new Place(place.run(), 1, place.attempt()), 0, 0),
        0);

    private final String reason;
    private final UnaryOperator<Place> place;
    private final Function<Place, Message> upload;
    private final int excess;

    Wrong(String reason, UnaryOperator<Place> place) {
      this(reason, place, null, 0);
    }

    Wrong(String reason, Function<Place, Message> upload, int excess) {
      this(reason, UnaryOperator.identity(), upload, excess);
    }

    Wrong(String reason, UnaryOperator<Place> place, Function<Place, Message> upload, int excess) {
      this.reason = reason;
      this.place = place;
      this.upload = upload;
      this.excess = excess;
    }
  }

  private static Stream<Arguments> wrongs() {
    return Arrays.stream(Wrong.values())
        .flatMap(wrong -> Stream.of(arguments(wrong, false), arguments(wrong, true)));
  }

  @ParameterizedTest(name = "{0}, encrypted: {1}")
  @MethodSource("wrongs")
  void whatAPeerThatKnowsTheSecretSaysWronglyIsRefusedLoggedOnceAndDisturbsNothing(
      Wrong wrong, boolean encrypted) throws Exception {
    SharedMemoryCoordinator coordinator = training.coordinator();
    int vector = coordinator.publishedBytes().remaining();
    try (CoordinatorServer server = serve(coordinator, encrypted);
        LogLines log = LogLines.open()) {
      Invitation invitation = server.invitation();
      for (int attempt = 3; attempt < 5; attempt++) {
        Place place = wrong.place.apply(new Place(invitation.run(), 0, attempt));
        Message upload = wrong.upload == null ? null : wrong.upload.apply(place);
        expectClosed(invitation, place, upload, vector + wrong.excess);
      }

      assertThat(log.await("refused"))
          .startsWith(
              "refused 127.0.0.1: "
                  + wrong.reason.formatted(
                      (vector + wrong.excess) / Float.BYTES,
                      vector / Float.BYTES,
                      vector + wrong.excess,
                      vector))
          .endsWith("further refusals of this peer are not logged");
      assertThat(log.with("refused")).hasSize(1);
      assertThat(server.refused()).isEqualTo(2);
      training.runFrom(training.remote(invitation), 5);
      assertThat(coordinator.result().parameters()).isEqualTo(unharmed());
    }
  }

  /** Lets what the coordinator says pass, but notes that it has told what to do. */
  private static final class Deaf extends RpcHandler {
    private final CompletableFuture<Void> published = new CompletableFuture<>();

    @Override
    public StreamCallbackWithID receiveStream(
        TransportClient client, ByteBuffer head, RpcResponseCallback reply) {
      published.complete(null);
      return new Reception.OfNothing();
    }

    @Override
    public void receive(TransportClient client, ByteBuffer request, RpcResponseCallback reply) {}

    @Override
    public StreamManager getStreamManager() {
      return new OneForOneStreamManager();
    }
  }

  private static Message contributed(Place place, long round, int index) {
    return new Message(place, new Contributed(round, index, 0, 0, 0, 0));
  }

  /** Joins, says something, if anything, and waits to be turned away. */
  private static void expectClosed(Invitation invitation, Place place, Message upload, int bytes)
      throws Exception {
    Deaf deaf = new Deaf();
    TransportConf conf = conf(invitation);
    try (TransportContext context = new TransportContext(conf, deaf);
        TransportClientFactory connections = connections(context, conf, invitation)) {
      TransportClient client =
          connections.createUnmanagedClient(invitation.host(), invitation.port());
      try {
        join(client, invitation, place);
        client.sendRpcSync(new Message(place, new Heartbeat(0)).encode(), 10_000);
        if (upload != null) {
          deaf.published.get(10, TimeUnit.SECONDS);
          Wire.upload(client, upload, ByteBuffer.allocate(bytes));
        }
      } catch (RuntimeException e) {
        // Turned away at the door.
      }
      Awaitility.await().until(() -> !client.isActive());
      assertThat(deaf.published.isDone()).as("it had its place").isEqualTo(upload != null);
    }
  }

  @Test
  void aContributionThatComesTwiceCountsOnce() throws Exception {
    SharedMemoryCoordinator coordinator = training.coordinator();
    try (CoordinatorServer server = serve(coordinator)) {
      try (Seat seat = training.remote(server.invitation()).join(0, 0);
          Seat other = training.remote(server.invitation()).join(1, 0)) {
        seat.contributions().get(0).sums().set(1, 1, 12);
        other.contributions().get(0).sums().set(1, 1, 11);
        CompletableFuture<?> once = CompletableFuture.runAsync(() -> push(seat));
        CompletableFuture<?> twice = CompletableFuture.runAsync(() -> push(seat));
        Awaitility.await().until(() -> server.refused() == 1);
        assertThat(coordinator.state().step()).isZero();
        assertThat(once).isNotDone();
        assertThat(twice).isNotDone();

        assertThat(other.push()).isEqualTo(new ComputeGradient(0, 1, 1));

        CompletableFuture.anyOf(once, twice).get(20, TimeUnit.SECONDS);
        assertThat(coordinator.state().step()).isEqualTo(1);
        assertThat(coordinator.failure()).isEmpty();
      }
    }
  }

  private static void push(Seat seat) {
    try {
      seat.push();
    } catch (InterruptedException | RuntimeException e) {
      // The seat is closed under it.
    }
  }

  @Test
  void thePortIsOpenOnTheDriversAddressAlone() throws Exception {
    try (CoordinatorServer server = serve(training.coordinator())) {
      int port = server.invitation().port();
      try (Socket socket = new Socket("127.0.0.1", port)) {
        assertThat(socket.isConnected()).isTrue();
      }
      assertThatThrownBy(() -> new Socket("127.0.0.2", port).close())
          .isInstanceOf(ConnectException.class);
      for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
        for (InetAddress address : each.inetAddresses().toList()) {
          if (!address.getHostAddress().equals("127.0.0.1")) {
            assertThatThrownBy(() -> new Socket(address, port).close())
                .isInstanceOf(ConnectException.class);
          }
        }
      }
    }
  }

  @Test
  void theSecretIsInNoDescription() {
    try (CoordinatorServer server = serve(training.coordinator())) {
      assertThat(server.invitation().toString()).doesNotContain(server.invitation().secret());
      assertThat(training.remote(server.invitation()).toString())
          .doesNotContain(server.invitation().secret());
    }
  }
}
