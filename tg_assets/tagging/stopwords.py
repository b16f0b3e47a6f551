"""Words that carry no topic, Russian and English: lemmas, and the forms that are not reduced to one.

``STOP_WORDS`` never start, end or form a phrase. ``DULL_WORDS`` are nouns and adjectives of everyday talk: fine
inside a phrase, no topic on their own. Own compact lists; everything is folded (lower case, ё as е).
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RUSSIAN = _words("""
а без более бы был быть в вам вас ваш весь во вот все всегда всего всякий вы где да даже для до другой его ее
ей ему если есть еще ж же за зачем здесь и из или им ими иногда их к как какой какой-то какая-то каждый когда
кто кто-то ко который куда ли либо лишь между меня мне много может мой можно мы на над надо наш не него нее нет
ни нибудь никакой никто ничто но ну нужно о об один однако он она они оно от очень перед по под после потом
потому почему почти при про просто раз разве с сам сама само самый свой себя сегодня завтра вчера сейчас со
совсем так такой там тебя тем теперь то тогда тоже только тот ты тут у уже хотя хоть чего чей чем через что
что-то чтобы чуть эта эти это этот я весьма вообще вроде именно итак кстати кажется конечно короче наверное
например наоборот опять пока пожалуйста поэтому поэтому-то пусть сразу скоро снова типа также хорошо плохо
всем всех больше меньше лучше быстро давно далеко около ради среди кроме вместо несколько сколько столько
мочь хотеть стать сказать знать делать сделать дать давать говорить смотреть посмотреть понимать понять
думать иметь идти пойти прийти взять привет спасибо спс ага угу ок окей норм лол хз имхо блин ого ура эх ой
здравствуйте здравствуй пожалуй ладно скажем нельзя возможно зато ибо якобы дескать мол ведь разный
""")

_ENGLISH = _words("""
a about above after again against all also am an and any are aren't as at be because been before being below
between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each etc
ever every few for from further get gets getting go goes going gonna got had hadn't has hasn't have haven't
having he hello her here hers herself hey hi him himself his how however i i'd i'll i'm i've if in into is
isn't it it's its itself just know let let's like lot made make makes making many may maybe me might more most
much must my myself need needs never new no nor not nothing now of off ok okay on once one only or other our
ours ourselves out over own please put really same say says see she should shouldn't so some something still
such take tell than thank thanks that that's the their theirs them themselves then there there's these they
they're thing think this those though through to too try under until up us use used uses using very via want
wants was wasn't we we're well were weren't what when where whether which while who whom whose why will with
won't would wouldn't yes yet you you're your yours yourself yourselves good great nice bad better best big
small able actually already always another anyone anything around ask away back call come different done easy
else enough even everyone everything find first following give given happen help hope inside instead keep
last late later less long look main mean next often old open per possible probably quite rather read ready
right seem set show since sometimes soon start stop sure today tomorrow toward towards two usually wait way
went add ignore create check run try doubles double release close send write turn move pay hold bring leave
without work works working write yesterday i.e e.g vs lol btw imho
""")

_DULL = _words("""
аналог вариант век версия вещь взгляд вид виток возможность вопрос время выходной год голова дата действие
дело день деньги добрый должный другой друг единица желание жизнь задача знак имя интерес интересный кейс
количество коллега конец копейка краткий крутой кусок линия лицо любой люди малый мама масса место месяц метод
минимум максимум минута мир момент моменты надежда назад назначение начало неделя ничего новый номер нормальный
нужный область образ общий объект ответ отличие отличный отношение отсутствие ошибочка пара парень папа план
плохой подобный подход пол половина помощь понедельник вторник среда четверг пятница суббота воскресенье январь
февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь порядок последний правда предложение
пример причина проблема простой процесс путь пункт работа раз размер разница ребенок ребята ребят результат
речь решение рука ряд сайт самый секунда сила система ситуация следующий слово случай смысл совет сообщение
состояние спасибо список способ ссылка степень сторона стоить строка сутки суть счет текст тема тип товарищ
тысяча миллион миллиард млн млрд тыс руб рубль рублей доллар процент штука уважение уровень условие утро вечер
ночь участие факт фигня форма хороший цель человек час часть чел число чувак шаг шт штука экземпляр этап
большой маленький главный важный сложный легкий полный целый старый первый второй третий настоящий текущий
данный различный определенный возможный похожий готовый способный прошлый будущий ближний сей ул пос кв лит
ужас кошмар фото сотня десяток площадь широкий скорый яркий великолепный небольшой последний нехороший
обычный основной огромный отдельный конкретный необходимый доступный известный остальной реальный
примерно г гг тд тп др др. см стр например-то понятие значение характер свой чужой полезный единственный
area bit case day days example fact guy guys hour kind link minute moment month number part people person
place point problem question reason result sort stuff thing things time times today type way week year years
version text test name list file item line data value
""")

STOP_WORDS: frozenset[str] = _RUSSIAN | _ENGLISH
DULL_WORDS: frozenset[str] = _DULL | STOP_WORDS
