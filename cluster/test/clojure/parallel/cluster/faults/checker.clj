(ns parallel.cluster.faults.checker
  "Whether what was received is a prefix of what was sent: whole, in order, none twice, and nothing after the error.")

(defn- of-kind [kind entries] (filterv #(= kind (:kind %)) entries))

(defn- out-of-order [received]
  (for [[i {:keys [n]}] (map-indexed vector received) :when (not= i n)]
    (str "message " n " came as number " i)))

(defn- different [begun received]
  (for [[b r] (map vector begun received) :when (not= (map b [:n :length :crc]) (map r [:n :length :crc]))]
    (str "message " (:n r) " has " (:length r) " bytes and the checksum " (:crc r) ", and was sent with " (:length b)
         " and " (:crc b))))

(defn- after-error [entries]
  (for [{:keys [kind n]} (rest (drop-while #(not= "e" (:kind %)) entries)) :when (#{"r" "s"} kind)]
    (str ({"r" "receive" "s" "send"} kind) " has succeeded after its error, with message " n)))

(defn direction
  "What is wrong with one direction, and its figures: {:sent :accepted :received :bytes :problems}. Takes the entries of
  both ends, of this direction alone; complete? is whether all of it has to be there, true, false, or nil for either."
  [complete? sender receiver]
  (let [begun    (of-kind "b" sender)
        accepted (of-kind "s" sender)
        received (of-kind "r" receiver)]
    {:sent     (count begun)
     :accepted (count accepted)
     :received (count received)
     :bytes    (reduce + (map :length received))
     :problems (vec (concat
                      (take 3 (out-of-order received))
                      (take 3 (different begun received))
                      (for [{:keys [n]} (of-kind "x" receiver)]
                        (str "message " n " was received with a wrong checksum"))
                      (when (> (count received) (count begun))
                        ["more was received than was sent"])
                      (when (and complete? (not= (count begun) (count accepted) (count received)))
                        [(str "of " (count begun) " sent messages, " (count accepted) " of them accepted, "
                              (count received) " have arrived")])
                      (take 3 (after-error sender))
                      (take 3 (after-error receiver))))}))

(defn unreceived-bytes
  "Bytes of the messages that are confirmed to be in the ring of who has received only so many."
  [sender confirmed received]
  (reduce + (map :length (take (max 0 (- confirmed received)) (drop received (of-kind "b" sender))))))

(defn longest-gap-s
  "Between two messages received, from one time to another, in seconds."
  [entries from to]
  (let [times (concat [from] (filter #(< from % to) (map :at (of-kind "r" entries))) [to])]
    (/ (reduce max 0 (map - (rest times) times)) 1e9)))
