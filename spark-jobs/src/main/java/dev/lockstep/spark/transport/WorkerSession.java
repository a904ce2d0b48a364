package dev.lockstep.spark.transport;

import dev.lockstep.coordinator.Contribution;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.Evaluate;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.FencedException;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.ShardTally;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.SharedMemoryCoordinator.LocalSeat;
import dev.lockstep.metrics.Tally;
import dev.lockstep.spark.transport.Message.Aborted;
import dev.lockstep.spark.transport.Message.Contributed;
import dev.lockstep.spark.transport.Message.Evaluated;
import dev.lockstep.spark.transport.Message.Fenced;
import dev.lockstep.spark.transport.Message.Place;
import dev.lockstep.spark.transport.Message.Published;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.spark.network.client.TransportClient;

/**
 * Sits in the gang for a worker that is elsewhere. A thread of its own takes the seat, publishes,
 * and pushes what the worker has sent; the channel's thread receives it, straight into the seat's
 * contributions, and adds up what can be added up before the others have come.
 */
final class WorkerSession implements Runnable {
  private static final long GLANCE_MILLIS = 100;

  private enum Signal {
    COMPLETE,
    GONE
  }

  /** What the worker has been told and has not answered in full. */
  private record Awaited(long round, Directive directive, LocalSeat seat) {}

  private final SharedMemoryCoordinator coordinator;
  private final Place place;
  private final boolean speculative;
  private final Attendance.Presence presence;
  private final TransportClient worker;
  private final Attendance attendance;
  private final BlockingQueue<Signal> signals = new LinkedBlockingQueue<>();

  // Handed to the channel's thread by `awaited`, and back by a signal.
  private final BitSet received = new BitSet();
  private final List<ShardTally> tallies = new ArrayList<>();
  private volatile Awaited awaited;

  /**
   * A session for the worker at {@code place}.
   *
   * @param speculative whether it must not take the place of a worker that lives
   * @param worker the connection to it
   */
  WorkerSession(
      SharedMemoryCoordinator coordinator,
      Place place,
      boolean speculative,
      Attendance.Presence presence,
      TransportClient worker,
      Attendance attendance) {
    this.coordinator = coordinator;
    this.place = place;
    this.speculative = speculative;
    this.presence = presence;
    this.worker = worker;
    this.attendance = attendance;
  }

  @Override
  public void run() {
    if (!speculative || standsBy()) {
      work();
    }
  }

  /**
   * Waits until the worker that has the place is lost.
   *
   * @return false if this copy is not needed, or has gone
   */
  private boolean standsBy() {
    try {
      if (attendance.taken(place.rank())) {
        attendance.standsBy(place.rank(), presence);
      }
      while (attendance.taken(place.rank())) {
        if (attendance.finished(place.rank())) {
          leave(new Fenced(attendance.attempt(place.rank())));
          return false;
        }
        if (signals.poll(GLANCE_MILLIS, TimeUnit.MILLISECONDS) == Signal.GONE) {
          return false;
        }
      }
      return true;
    } catch (InterruptedException e) {
      worker.close();
      return false;
    }
  }

  private void work() {
    try (LocalSeat seat = coordinator.join(place.rank(), place.attempt())) {
      attendance.joined(place.rank(), presence);
      serve(seat);
    } catch (FencedException e) {
      leave(new Fenced(e.current()));
    } catch (RunAbortedException e) {
      abort(e);
    } catch (InterruptedException e) {
      worker.close();
    } catch (RuntimeException | Error e) {
      coordinator.abort(e);
    } finally {
      awaited = null;
    }
  }

  private void serve(LocalSeat seat) throws InterruptedException {
    Directive directive = seat.directive();
    long round = 0;
    publish(round, directive, seat);
    while (!(directive instanceof Finish) && signals.take() == Signal.COMPLETE) {
      directive = directive instanceof Evaluate ? seat.push(tallies) : seat.push();
      round++;
      publish(round, directive, seat);
    }
  }

  private void publish(long round, Directive directive, LocalSeat seat) {
    received.clear();
    tallies.clear();
    boolean last = directive instanceof Finish;
    if (last) {
      attendance.finish(place.rank());
    } else {
      attendance.asked(place.rank(), presence, directive);
    }
    awaited = new Awaited(round, directive, seat);
    Message message = new Message(place, new Published(round, directive));
    Wire.upload(worker, message, last ? ByteBuffer.allocate(0) : coordinator.publishedBytes());
  }

  private void leave(Message.Content farewell) {
    worker.send(new Message(place, farewell).encode());
  }

  /** Something has come from the worker. */
  void heard() {
    attendance.heard(presence);
  }

  /** The worker has computed so many batches since it joined. */
  void advanced(long advances) {
    attendance.advanced(presence, advances);
  }

  /** The connection has ended, and should not have. */
  void lost() {
    attendance.lost(place.rank(), presence);
  }

  /** Nothing more comes from the worker. */
  void end() {
    signals.add(Signal.GONE);
  }

  /** The run has failed. */
  void abort(RunAbortedException failure) {
    leave(new Aborted(String.valueOf(failure.getCause().getMessage())));
    signals.add(Signal.GONE);
  }

  /** Receives a contribution; on the channel's thread. */
  Reception receive(Contributed said, Consumer<String> refusal, Consumer<String> dropping) {
    Awaited now = awaited;
    if (now == null || said.round() < now.round()) {
      dropping.accept("a contribution to round %d came late or twice".formatted(said.round()));
      return new Reception.OfNothing();
    }
    List<Contribution> contributions = now.seat().contributions();
    if (said.round() > now.round() || now.directive() instanceof Evaluate) {
      return refused(
          refusal,
          "a contribution to round %d came, but what is wanted in round %d is %s",
          said.round(),
          now.round(),
          now.directive());
    }
    if (said.index() < 0 || said.index() >= contributions.size()) {
      return refused(
          refusal, "contribution %d does not exist among %d", said.index(), contributions.size());
    }
    if (said.hits() < 0 || said.examples() < said.hits()) {
      return refused(
          refusal, "a contribution has %d hits among %d examples", said.hits(), said.examples());
    }
    if (received.get(said.index())) {
      dropping.accept("contribution %d came twice".formatted(said.index()));
      return new Reception.OfNothing();
    }
    Contribution contribution = contributions.get(said.index());
    now.seat().received(contribution, 0);
    return new Reception.OfVector(
        contribution.vector(),
        coordinator.wire(),
        refusal,
        floats -> now.seat().received(contribution, floats),
        () -> {
          contribution.sums().set(said.loss(), said.hits(), said.examples());
          now.seat().computed(said.nanos());
          complete(said.index(), contributions.size());
        });
  }

  /** Receives the tally of a shard; on the channel's thread. */
  Reception receive(Evaluated said, Consumer<String> refusal, Consumer<String> dropping) {
    Awaited now = awaited;
    if (now == null || said.round() < now.round()) {
      dropping.accept("a tally of round %d came late or twice".formatted(said.round()));
      return new Reception.OfNothing();
    }
    if (said.round() > now.round() || !(now.directive() instanceof Evaluate)) {
      return refused(
          refusal,
          "a tally of round %d came, but what is wanted in round %d is %s",
          said.round(),
          now.round(),
          now.directive());
    }
    int[] own = coordinator.shards(place.rank());
    if (Arrays.binarySearch(own, said.shard()) < 0) {
      return refused(refusal, "shard %d is not this worker's", said.shard());
    }
    if (received.get(said.shard())) {
      dropping.accept("the tally of shard %d came twice".formatted(said.shard()));
      return new Reception.OfNothing();
    }
    return new Reception.OfBytes(
        Tally.encodedLength(coordinator.classes()),
        refusal,
        bytes -> {
          try {
            tallies.add(new ShardTally(said.shard(), Tally.decode(bytes, coordinator.classes())));
            complete(said.shard(), own.length);
          } catch (IllegalArgumentException e) {
            refusal.accept(e.getMessage());
          }
        });
  }

  private static Reception refused(Consumer<String> refusal, String reason, Object... values) {
    refusal.accept(reason.formatted(values));
    return new Reception.OfNothing();
  }

  private void complete(int number, int all) {
    received.set(number);
    if (received.cardinality() == all) {
      awaited = null;
      attendance.answered(place.rank(), presence);
      signals.add(Signal.COMPLETE);
    }
  }
}
