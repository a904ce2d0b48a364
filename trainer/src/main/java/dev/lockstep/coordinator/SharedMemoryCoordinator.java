package dev.lockstep.coordinator;

import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.coordinator.Block.Scratch;
import dev.lockstep.coordinator.Directive.Evaluate;
import dev.lockstep.coordinator.GangState.WorkerState;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.StepSums;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.metrics.Tally;
import dev.lockstep.network.Network;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The coordinator of a gang whose workers share its JVM, or have someone in it who sits there for
 * them: nothing is copied or sent. The workers' own threads add up the contributions and update the
 * parameters, each taking blocks until none is left; all that a round computes is in {@link Round},
 * all that is decided in {@link Progression}.
 *
 * <p>Rounds alternate between collecting (workers compute; one contribution per rank, in any order)
 * and applying. The published vector changes only while applying, when every worker waits. What
 * comes from elsewhere is added up while collecting already ({@link LocalSeat#received}).
 *
 * <p>Safe for use by many threads.
 */
public final class SharedMemoryCoordinator implements Coordinator {
  /** How long the threads of a run that has failed may take to end the update they are at. */
  private static final long UPDATE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** A waiting worker looks this long before it sleeps, if every worker has a core. */
  private static final long SPIN_NANOS = 200_000;

  private final int workers;
  private final TrainingPlan plan;
  private final Network network;
  private final int classes;
  private final int parameterCount;
  private final ByteBuffer publishedBytes;
  private final FloatBuffer published;
  private final Round round;
  private final Progression progression;
  private final RoundTimes times = new RoundTimes();
  private final float[] bestParameters;
  private final boolean spins;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition turned = lock.newCondition();

  // Guarded by the lock.
  private final LocalSeat[] seats;
  private final boolean[] present;
  private final long[] arrivals;
  private final ShardTally[] tallies;

  /** All that the seats contribute; null until all have been taken. */
  private Contribution[] collected;

  private int arrived;
  private boolean applying;
  private Snapshots snapshots;

  /** When the round under way began: with the first worker that came, or the end of the last. */
  private long collectingSince;

  private long appliedSince;
  private final Map<Attempt, Long> stepOfLoss = new HashMap<>();
  private long recoveries;
  private Consumer<RoundTime> roundObserver = time -> {};

  /** Counts the turns from collecting to applying and back. */
  private volatile long turn;

  private volatile RunAbortedException failure;

  /** An update has broken off half-way, and what is published is neither old nor new. */
  private volatile boolean torn;

  private final AtomicInteger nextTask = new AtomicInteger();
  private final AtomicInteger tasksDone = new AtomicInteger();

  /**
   * A coordinator for {@code workers} workers, which go on from {@code start}.
   *
   * @param validates whether there are validation examples
   * @param tests whether there are test examples
   * @throws IllegalArgumentException if there are more workers than shards, or {@code start} is not
   *     of such a training
   */
  public SharedMemoryCoordinator(
      TrainingPlan plan,
      Network network,
      BatchOrder order,
      int workers,
      TrainingState start,
      boolean validates,
      boolean tests) {
    if (workers < 1 || workers > order.shards()) {
      throw new IllegalArgumentException(
          "workers is %d but must be from 1 to the number of shards, %d"
              .formatted(workers, order.shards()));
    }
    this.plan = plan;
    this.network = network;
    this.workers = workers;
    this.classes = network.classes();
    this.parameterCount = network.layout().length();
    this.publishedBytes =
        FloatVector.allocateBytes(SeatShape.of(plan, network, 0, workers).vectorLength());
    this.published = publishedBytes.asFloatBuffer();
    this.round = round(plan, network, workers, published);
    start.requireFit(plan, network);
    this.round.restore(start);
    this.progression =
        new Progression(plan, order, workers, validates, tests, System::nanoTime, start.position());
    this.bestParameters = start.best().clone();
    this.spins = workers <= Runtime.getRuntime().availableProcessors();
    this.seats = new LocalSeat[workers];
    this.present = new boolean[workers];
    this.arrivals = new long[workers];
    this.tallies = new ShardTally[order.shards()];
  }

  private static Round round(
      TrainingPlan plan, Network network, int workers, FloatBuffer published) {
    if (plan.averaging() instanceof Parameters parameters) {
      return new ParameterAverage(
          network.layout(), plan.optimizer(), parameters.outer(), workers, published);
    }
    return new GradientUpdate(
        network.layout(), plan.optimizer(), published, plan.sumTree(workers), workers);
  }

  @Override
  public LocalSeat join(int rank, long attempt) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      LocalSeat earlier = seats[rank];
      if (earlier != null && earlier.attempt >= attempt) {
        throw new FencedException(rank, attempt, earlier.attempt);
      }
      while (applying && failure == null) {
        turned.await();
      }
      throwIfAborted();
      withdraw(rank);
      if (earlier != null) {
        stepOfLoss.putIfAbsent(new Attempt(rank, earlier.attempt), progression.step());
        recoveries++;
      }
      LocalSeat seat = new LocalSeat(rank, attempt);
      if (Arrays.stream(seats).allMatch(Objects::isNull)) {
        collectingSince = seat.joined;
      }
      seats[rank] = seat;
      if (Arrays.stream(seats).allMatch(Objects::nonNull)) {
        collected = contributions();
        round.replace(collected);
      }
      turned.signalAll();
      return seat;
    } finally {
      lock.unlock();
    }
  }

  /** Drops what the rank has contributed to the round that is being collected. */
  private void withdraw(int rank) {
    if (present[rank]) {
      present[rank] = false;
      arrived--;
    }
  }

  /** Ends the run: every worker that waits, or pushes, or joins, gets {@code cause}. */
  public void abort(Throwable cause) {
    lock.lock();
    try {
      if (failure == null) {
        failure = new RunAbortedException(cause);
      }
      turned.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * From now on has {@code writer} called by {@code executor} with the training's state whenever
   * {@code schedule} says so; the state is the writer's until it returns. To be called before the
   * first worker joins.
   */
  public void checkpoint(
      CheckpointSchedule schedule, Executor executor, Consumer<TrainingState> writer) {
    lock.lock();
    try {
      TrainingState room = TrainingState.zeros(plan, network, progression.position());
      snapshots = new Snapshots(schedule, executor, writer, room);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Where a run that has failed has come to: the end of the last whole round. An update that the
   * workers have left is completed here.
   *
   * @return empty if that update failed
   * @throws IllegalStateException if the run has not failed
   * @throws InterruptedException if the thread was interrupted while an update was under way
   */
  public Optional<TrainingState> lastState() throws InterruptedException {
    if (failure == null) {
      throw new IllegalStateException("the run has not failed");
    }
    completeUpdate();
    lock.lock();
    try {
      return applying || torn
          ? Optional.empty()
          : Optional.of(save(TrainingState.zeros(plan, network, progression.position())));
    } finally {
      lock.unlock();
    }
  }

  private void completeUpdate() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      if (!applying) {
        return;
      }
    } finally {
      lock.unlock();
    }
    try {
      apply(new Scratch());
    } catch (RunAbortedException e) {
      return;
    }
    lock.lockInterruptibly();
    try {
      long left = UPDATE_NANOS;
      while (applying && !torn && left > 0) {
        left = turned.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  private TrainingState save(TrainingState room) {
    round.save(room);
    System.arraycopy(bestParameters, 0, room.best(), 0, bestParameters.length);
    return room.at(progression.position());
  }

  /** Why the run has failed, if it has. */
  public Optional<RunAbortedException> failure() {
    return Optional.ofNullable(failure);
  }

  /** How the gang is now. */
  public GangState state() {
    lock.lock();
    try {
      return new GangState(
          progression.current(),
          progression.step(),
          IntStream.range(0, workers).mapToObj(this::state).toList(),
          Arrays.stream(seats).map(seat -> seat == null ? 0L : seat.advances.get()).toList(),
          stepOfLoss.size(),
          recoveries);
    } finally {
      lock.unlock();
    }
  }

  /** Whether {@code attempt} is the one that last took the place of {@code rank}. */
  public boolean hasPlace(int rank, long attempt) {
    lock.lock();
    try {
      return seats[rank] != null && seats[rank].attempt == attempt;
    } finally {
      lock.unlock();
    }
  }

  private record Attempt(int rank, long number) {}

  /**
   * The step at which the attempt of {@code rank} was lost; the one under way if it was not, or is
   * not yet known to be.
   */
  public long stepOfLoss(int rank, long attempt) {
    lock.lock();
    try {
      return stepOfLoss.getOrDefault(new Attempt(rank, attempt), progression.step());
    } finally {
      lock.unlock();
    }
  }

  private WorkerState state(int rank) {
    if (present[rank]) {
      return WorkerState.WAITING;
    }
    return seats[rank] == null || seats[rank].left ? WorkerState.ABSENT : WorkerState.COMPUTING;
  }

  /** From now on tells {@code observer} where the time of each training round went, at its end. */
  public void observe(Consumer<RoundTime> observer) {
    lock.lock();
    try {
      roundObserver = observer;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Of the additions of the last training round, the part that was made while contributions were
   * still received, from 0 (as in one process, where nothing is received) to 1.
   */
  public double overlap() {
    lock.lock();
    try {
      return round.overlap();
    } finally {
      lock.unlock();
    }
  }

  /** How many workers the gang has. */
  public int workers() {
    return workers;
  }

  /** The shards, ascending, that the worker of {@code rank} trains on and evaluates. */
  public int[] shards(int rank) {
    return plan.shards(rank, workers);
  }

  /** How the contributions of workers in other JVMs travel. */
  public WireFormat wire() {
    return plan.averaging().wire();
  }

  /** How many classes an evaluation tells apart. */
  public int classes() {
    return classes;
  }

  /**
   * The bytes of what {@link Seat#published} shows, floats in native order: read-only, and stable
   * from the moment a seat is told what to do until it pushes.
   */
  public ByteBuffer publishedBytes() {
    return publishedBytes.asReadOnlyBuffer();
  }

  private void throwIfAborted() {
    if (failure != null) {
      throw failure;
    }
  }

  /** How far the training has come. */
  public Progress progress() {
    lock.lock();
    try {
      StepSums epoch = progression.epochSums();
      double seconds = (System.nanoTime() - progression.epochStarted()) * 1e-9;
      return new Progress(
          Math.min(progression.epoch() + 1, plan.epochs()),
          plan.epochs(),
          progression.batchesDone(),
          progression.batches(),
          epoch.examples(),
          epoch.examples() / seconds,
          epoch.loss() / epoch.examples(),
          progression.history().epochs());
    } finally {
      lock.unlock();
    }
  }

  /**
   * What the training gave.
   *
   * @throws RunAbortedException if it failed
   * @throws IllegalStateException if it has not ended
   */
  public TrainingResult result() {
    lock.lock();
    try {
      throwIfAborted();
      if (!(progression.current() instanceof Directive.Finish)) {
        throw new IllegalStateException("training has not ended: next is " + progression.current());
      }
      float[] parameters = new float[parameterCount];
      published.get(0, parameters);
      return new TrainingResult(
          parameters,
          progression.resultEpoch(),
          progression.stoppedEarly(),
          progression.history(),
          Optional.ofNullable(
              progression.history().epochs().get(progression.resultEpoch() - 1).validation()),
          Optional.ofNullable(progression.test()),
          times.summary());
    } finally {
      lock.unlock();
    }
  }

  private void collect(LocalSeat seat) throws InterruptedException {
    long applyTurn;
    lock.lockInterruptibly();
    try {
      checkIn(seat);
      arrivals[seat.rank] = System.nanoTime();
      applyTurn = turn + 1;
      if (arrived == workers) {
        beginApplying();
      }
    } finally {
      lock.unlock();
    }
    awaitTurn(seat, applyTurn);
    apply(seat.scratch);
    awaitTurn(seat, applyTurn + 1);
  }

  private void checkIn(LocalSeat seat) {
    throwIfAborted();
    throwIfFenced(seat);
    if (present[seat.rank]) {
      throw new IllegalStateException("rank " + seat.rank + " has already contributed");
    }
    present[seat.rank] = true;
    arrived++;
  }

  private void throwIfFenced(LocalSeat seat) {
    if (seats[seat.rank] != seat) {
      throw new FencedException(seat.rank, seat.attempt, seats[seat.rank].attempt);
    }
  }

  private void beginApplying() {
    appliedSince = System.nanoTime();
    try {
      round.begin(progression.step(), progression.round());
      progression.requireWhole(round.total().examples());
    } catch (RuntimeException e) {
      abort(e);
      throw failure;
    }
    tasksDone.set(0);
    nextTask.set(0);
    applying = true;
    turn++;
    turned.signalAll();
  }

  /** All that the seats contribute, in rank order. */
  private Contribution[] contributions() {
    return Arrays.stream(seats)
        .flatMap(seat -> seat.contributions.stream())
        .toArray(Contribution[]::new);
  }

  /** Takes tasks of the round until none is left; whoever ends the last one ends the round. */
  private void apply(Scratch scratch) {
    try {
      takeTasks(scratch);
    } catch (RuntimeException | Error e) {
      torn = true;
      abort(e);
      throw failure;
    }
  }

  private void takeTasks(Scratch scratch) {
    int perPhase = round.tasksPerPhase();
    int all = perPhase * round.phases();
    for (int task = nextTask.getAndIncrement(); task < all; task = nextTask.getAndIncrement()) {
      int earlierPhases = task / perPhase * perPhase;
      while (tasksDone.get() < earlierPhases && !torn) {
        Thread.onSpinWait();
      }
      if (torn) {
        return;
      }
      round.run(task, scratch);
      if (tasksDone.incrementAndGet() == all) {
        endRound();
      }
    }
  }

  private void endRound() {
    lock.lock();
    try {
      recordTimes();
      progression.trained(round.total(), round.learningRate());
      offerSnapshot();
      turnToCollecting();
    } finally {
      lock.unlock();
    }
  }

  private void offerSnapshot() {
    if (snapshots != null && failure == null) {
      snapshots.offer(progression, this::save);
    }
  }

  private void recordTimes() {
    long waited = 0;
    long computing = 0;
    long travelling = 0;
    for (int rank = 0; rank < workers; rank++) {
      LocalSeat seat = seats[rank];
      long began = Math.max(collectingSince, seat.joined);
      long took = arrivals[rank] - began;
      long computed = Math.min(seat.computeNanos, took);
      waited += began - collectingSince + appliedSince - arrivals[rank];
      computing += computed;
      travelling += took - computed;
    }
    RoundTime time =
        new RoundTime(
            computing / workers,
            travelling / workers,
            waited / workers,
            System.nanoTime() - appliedSince);
    times.add(time);
    roundObserver.accept(time);
  }

  private void turnToCollecting() {
    Arrays.fill(present, false);
    arrived = 0;
    applying = false;
    round.collect(collected);
    collectingSince = System.nanoTime();
    turn++;
    turned.signalAll();
  }

  private void collect(LocalSeat seat, List<ShardTally> evaluated) throws InterruptedException {
    long nextTurn;
    lock.lockInterruptibly();
    try {
      checkIn(seat);
      for (ShardTally each : evaluated) {
        tallies[each.shard()] = each;
      }
      nextTurn = turn + 1;
      if (arrived == workers) {
        progression.evaluated(metrics());
        keepOrRestoreBest();
        offerSnapshot();
        turnToCollecting();
      }
    } catch (IllegalStateException e) {
      abort(e);
      throw failure;
    } finally {
      lock.unlock();
    }
    awaitTurn(seat, nextTurn);
  }

  private void keepOrRestoreBest() {
    if (progression.keepsParameters()) {
      published.get(0, bestParameters);
    } else if (progression.restoresParameters()) {
      published.put(0, bestParameters);
    }
  }

  private Metrics metrics() {
    Tally sum = new Tally(classes);
    for (int shard = 0; shard < tallies.length; shard++) {
      if (tallies[shard] == null) {
        throw new IllegalStateException("no worker evaluated shard " + shard);
      }
      sum.add(tallies[shard].tally());
    }
    Arrays.fill(tallies, null);
    return sum.metrics();
  }

  private void awaitTurn(LocalSeat seat, long wanted) throws InterruptedException {
    if (spins) {
      long deadline = System.nanoTime() + SPIN_NANOS;
      while (turn < wanted && failure == null && System.nanoTime() < deadline) {
        Thread.onSpinWait();
      }
    }
    if (turn < wanted) {
      lock.lockInterruptibly();
      try {
        while (turn < wanted && failure == null) {
          throwIfFenced(seat);
          turned.await();
        }
      } finally {
        lock.unlock();
      }
    }
    throwIfAborted();
  }

  /** The place of one attempt of one rank. */
  public final class LocalSeat implements Seat {
    private final int rank;
    private final long attempt;
    private final List<Contribution> contributions;
    private final Scratch scratch = new Scratch();
    private final AtomicLong advances = new AtomicLong();
    private final long joined = System.nanoTime();

    /** What of a round the worker needs to compute: all of it, unless it is elsewhere. */
    private long computeNanos = Long.MAX_VALUE;

    private boolean left;

    private LocalSeat(int rank, long attempt) {
      this.rank = rank;
      this.attempt = attempt;
      SeatShape shape = SeatShape.of(plan, network, rank, workers);
      this.contributions =
          Stream.generate(() -> Contribution.ofLength(shape.vectorLength()))
              .limit(shape.contributions())
              .toList();
    }

    @Override
    public FloatBuffer published() {
      return published;
    }

    @Override
    public List<Contribution> contributions() {
      return contributions;
    }

    /**
     * The first {@code floats} numbers of {@code contribution}, one of this seat's, have come from
     * elsewhere and stay until the push: what can be added up of them is. By whoever receives them,
     * not while the seat's own thread pushes.
     */
    public void received(Contribution contribution, int floats) {
      round.received(contribution, floats, scratch);
    }

    /**
     * What comes to this seat's next push from elsewhere took the worker {@code nanos} to compute;
     * whatever else passes until the push is the wire's. To be called before it, by whoever
     * receives for this seat.
     */
    public void computed(long nanos) {
      computeNanos = Math.max(0, nanos);
    }

    @Override
    public void advanced() {
      advances.incrementAndGet();
    }

    @Override
    public Directive directive() {
      lock.lock();
      try {
        return progression.current();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public Directive push() throws InterruptedException {
      collect(this);
      return directive();
    }

    @Override
    public Directive push(List<ShardTally> evaluated) throws InterruptedException {
      if (!(directive() instanceof Evaluate)) {
        throw new IllegalStateException("no evaluation is wanted");
      }
      collect(this, evaluated);
      return directive();
    }

    /** A worker that leaves before the end keeps its place until its next attempt takes it. */
    @Override
    public void close() {
      lock.lock();
      try {
        boolean early = failure == null && !(progression.current() instanceof Directive.Finish);
        if (early && seats[rank] == this) {
          left = true;
          stepOfLoss.putIfAbsent(new Attempt(rank, attempt), progression.step());
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
