package lignin.nextflow;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Events on their way to the writer, in order, bounded by their size in memory. Who puts one in meets no lock while there is room:
 * Nextflow's submitter and its monitor call at the same moment, and would wait for each other here, just before both change
 * counters of the engine that no lock guards.
 */
final class EventQueue {
    /** What an event that is not made yet counts as. */
    private static final int UNKNOWN = 1024;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /**
     * One event without the head of its line, as text, or null where there is none after all. {@code force} asks that it reaches the
     * disk itself; one that is {@code quiet} does not wake the writer, which comes by itself.
     */
    record Event(Supplier<String> body, int room, boolean force, boolean quiet) {
        Event(String body, boolean force) {
            this(() -> body, body.length(), force, false);
        }

        static Event later(Supplier<String> body) {
            return new Event(body, UNKNOWN, false, true);
        }
    }

    private final Queue<Event> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicLong size = new AtomicLong();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition taken = lock.newCondition();
    private final long limit;
    private volatile Thread reader;
    private volatile boolean closed;

    EventQueue(long limit) {
        this.limit = limit;
    }

    /** Puts the event in, waiting for room at most so long; false when there was none, and nothing happened. */
    boolean offer(Event event, long millis) throws InterruptedException {
        return offer(event, millis, limit);
    }

    /** The same with so much room in all. */
    boolean offer(Event event, long millis, long room) throws InterruptedException {
        if (!reserve(event, room) && !awaitRoom(event, millis, room)) {
            return false;
        }
        waiting.add(event);
        if (!event.quiet()) {
            LockSupport.unpark(reader);
        }
        return true;
    }

    /** An event that is larger than all the room there is goes in alone. */
    private boolean reserve(Event event, long room) {
        while (true) {
            long held = size.get();
            if (held > 0 && held + event.room() > room) {
                return false;
            }
            if (size.compareAndSet(held, held + event.room())) {
                return true;
            }
        }
    }

    private boolean awaitRoom(Event event, long millis, long room) throws InterruptedException {
        LockSupport.unpark(reader);
        lock.lock();
        try {
            long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
            while (!reserve(event, room)) {
                if (nanos <= 0) {
                    return false;
                }
                nanos = taken.awaitNanos(nanos);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** All that is there now. */
    List<Event> drain() {
        List<Event> all = new ArrayList<>();
        long room = 0;
        for (Event event = waiting.poll(); event != null; event = waiting.poll()) {
            all.add(event);
            room += event.room();
        }
        if (room > 0) {
            size.addAndGet(-room);
            lock.lock();
            try {
                taken.signalAll();
            } finally {
                lock.unlock();
            }
        }
        return all;
    }

    /** Waits until there is something, the queue is closed, or the time is over; whether it goes on after. */
    boolean await(long millis) {
        reader = Thread.currentThread();
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (waiting.isEmpty() && !closed && end - System.nanoTime() > 0) {
            LockSupport.parkNanos(this, Math.min(LOOK_NANOS, end - System.nanoTime()));
        }
        return !closed;
    }

    void close() {
        closed = true;
        LockSupport.unpark(reader);
    }
}
